"""Templates of the app inbox."""

from typing import Any

import pytest

from tests.unit.esputnik.sandbox.asking import Asker, an_account, refusal, told

PATH = "/v1/messages/appinbox"


def a_message(**more: Any) -> dict[str, Any]:
    return {"name": "n", "title": "t", "text": "x", "languageCode": "en"} | more


def create(asker: Asker, **more: Any) -> int:
    return int(told(asker.post(PATH, a_message(**more)))["id"])


def test_a_message_is_created_each_time() -> None:
    asker = an_account()

    first, second = create(asker), create(asker)

    assert second == first + 1
    assert told(asker.get(f"{PATH}/{first}")) == a_message(
        id=first, translations=[], languages=["en"]
    )


def test_the_number_of_a_deleted_message_is_not_given_again() -> None:
    asker = an_account()
    first = create(asker)
    asker.delete(f"{PATH}/{first}")

    assert create(asker) == first + 1


def test_a_message_is_translated() -> None:
    asker = an_account()
    number = create(asker, languageCode=None)

    answer = asker.put(f"{PATH}/{number}/uk", {"title": "Тема", "text": "Хто"})

    assert refusal(answer) == (200, f"Message with id='{number}' has been updated")
    shown = told(asker.get(f"{PATH}/{number}"))
    assert shown["translations"] == [{"title": "Тема", "text": "Хто", "languageCode": "uk"}]
    assert shown["languages"] == ["uk"]


def test_a_translation_is_replaced_and_taken_away() -> None:
    asker = an_account()
    number = create(asker)
    for title in ("old", "new"):
        asker.put(f"{PATH}/{number}/uk", {"title": title, "text": "x"})
    assert told(asker.get(f"{PATH}/{number}"))["translations"][0]["title"] == "new"

    assert asker.delete(f"{PATH}/{number}/uk").status == 200

    assert refusal(asker.delete(f"{PATH}/{number}/uk")) == (404, "Translation not found")


def test_a_message_is_updated_and_keeps_its_translations() -> None:
    asker = an_account()
    number = create(asker)
    asker.put(f"{PATH}/{number}/uk", {"title": "t", "text": "x"})

    answer = asker.put(f"{PATH}/{number}", a_message(title="new"))

    assert refusal(answer) == (200, f"Message with id='{number}' has been updated")
    shown = told(asker.get(f"{PATH}/{number}"))
    assert (shown["title"], shown["languages"]) == ("new", ["en", "uk"])


def test_a_message_is_deleted() -> None:
    asker = an_account()
    number = create(asker)

    answer = asker.delete(f"{PATH}/{number}")

    assert refusal(answer) == (200, f"Message with id='{number}' has been deleted")
    assert refusal(asker.get(f"{PATH}/{number}")) == (404, f"Message with id='{number}' not found")
    assert asker.put(f"{PATH}/{number}/uk", {"title": "t", "text": "x"}).status == 404


def test_messages_are_listed_by_name() -> None:
    asker = an_account()
    create(asker, name="Welcome")
    number = create(asker, name="Sale")

    answer = asker.get(PATH, search="SALE")

    assert [one["id"] for one in told(answer)] == [number]
    assert answer.headers["TotalCount"] == "1"


TRANSLATIONS = [{"languageCode": "uk", "title": "Тема", "text": "Хто"}, "odd"]


@pytest.mark.parametrize(("stores", "languages"), [(False, ["en"]), (True, ["en", "uk"])])
def test_translations_that_come_along_are_kept_where_that_is_switched_on(
    *, stores: bool, languages: list[str]
) -> None:
    asker = an_account(store_translations=stores)

    number = create(asker, translations=TRANSLATIONS)

    assert told(asker.get(f"{PATH}/{number}"))["languages"] == languages
    assert create(asker, translations="odd")


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({"name": ""}, "name is required"),
        ({"title": None}, "title is required"),
        ({"text": {}}, "text is required"),
        ({"customData": "{"}, "customData must be a text of JSON"),
        ({"customData": {"a": 1}}, "customData must be a text of JSON"),
    ],
)
def test_a_message_that_is_none_is_refused(message: dict[str, Any], error: str) -> None:
    asker = an_account()
    number = create(asker)
    bad = a_message(**message)

    assert refusal(asker.post(PATH, bad)) == (400, error)
    assert refusal(asker.put(f"{PATH}/{number}", bad)) == (400, error)


def test_a_translation_needs_no_name() -> None:
    asker = an_account()
    number = create(asker)

    assert asker.put(f"{PATH}/{number}/uk", {"title": "t", "text": "x"}).status == 200
    refused = asker.put(f"{PATH}/{number}/uk", {"title": "t"})
    assert refusal(refused) == (400, "text is required")


@pytest.mark.parametrize("data", ["", None, '{"a":1}', "[]", "7"])
def test_custom_data_is_a_text_of_json(data: Any) -> None:
    assert create(an_account(), customData=data)


def test_custom_data_is_anything_where_that_is_switched_off() -> None:
    assert create(an_account(check_custom_data=False), customData="{")
