"""What an account says of itself."""

from tests.unit.esputnik.sandbox.asking import an_account, told


def test_an_account_tells_whose_it_is() -> None:
    assert told(an_account().get("/v1/account/info")) == {
        "userEmail": "api@example.com",
        "organisationName": "Sandbox",
        "orgId": 1,
    }


def test_additional_fields_are_listed_in_the_odd_form_of_the_api() -> None:
    book = told(an_account(custom_fields=2).get("/v1/addressbooks"))["addressBook"]

    group = book["fieldGroups"]
    assert (book["name"], group["name"]) == ("Main", "Fields")
    assert [one["id"] for one in group["fields"]] == ["1", "2"]
    assert group["fields"][0]["description"]["required"] == "false"


def test_one_additional_field_comes_as_a_bare_object_and_none_not_at_all() -> None:
    def fields(count: int) -> object:
        book = told(an_account(custom_fields=count).get("/v1/addressbooks"))["addressBook"]
        return book["fieldGroups"].get("fields")

    assert isinstance(fields(1), dict)
    assert fields(0) is None


def test_how_many_fields_there_are_counts_at_once() -> None:
    asker = an_account()
    assert asker.add(fields=[{"id": 2, "value": "x"}])

    asker.account.change_switches({"custom_fields": 1})

    contact = {"channels": [{"type": "email", "value": "a@b.com"}], "fields": [{"id": 2}]}
    assert asker.post("/v1/contact", contact).status == 400
