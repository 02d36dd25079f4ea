import pytest

from esputnik.imports import Failed, Finished, Importing, Lost, read_import_status
from esputnik.outcome import Answer, Blocked, Deferred, NoAnswer


@pytest.mark.parametrize("status", [b"STARTED", b"IMPORTING", b"importing"])
def test_an_import_is_under_way(status: bytes) -> None:
    answer = Answer(status=200, body=b'{"status":"' + status + b'"}')

    assert read_import_status(answer) == Importing()


def finished(mapping: bytes) -> frozenset[str] | None:
    body = b'{"status":"FINISHED","mapping":' + mapping + b"}"
    status = read_import_status(Answer(status=200, body=body))
    assert isinstance(status, Finished)
    return status.mapped


def test_a_finished_import_tells_who_became_a_contact() -> None:
    mapping = (
        b'[{"dedupeValue":"Ann@Example.com","contactId":1},'
        b'{"dedupeValue":"+380 (67) 123-45-67","contactId":"2"},'
        b'{"dedupeValue":" User-7 ","contactId":3},{"dedupeValue":44,"contactId":4}]'
    )

    assert finished(mapping) == frozenset({"ann@example.com", "380671234567", "User-7", "44"})


def test_a_mapping_of_one_may_be_a_bare_object() -> None:
    assert finished(b'{"dedupeValue":"ann@example.com","contactId":1}') == frozenset(
        {"ann@example.com"}
    )


@pytest.mark.parametrize(
    "mapping", [b"null", b"[]", b'""', b"7", b'["a"]', b"{}", b'{"dedupeValue":null}']
)
def test_a_mapping_that_names_nobody_tells_nothing(mapping: bytes) -> None:
    assert finished(mapping) is None


def test_an_import_may_finish_without_a_mapping() -> None:
    answer = Answer(status=200, body=b'{"status":"finished"}')

    assert read_import_status(answer) == Finished(mapped=None)


def test_an_import_failed_and_says_why_without_values() -> None:
    answer = Answer(status=200, body=b'{"status":"ERROR","description":"wrong file ann@x.com"}')

    assert read_import_status(answer) == Failed(detail="wrong …")


@pytest.mark.parametrize("status", [404, 400])
def test_a_session_nobody_knows_is_lost(status: int) -> None:
    assert read_import_status(Answer(status=status)) == Lost()


@pytest.mark.parametrize("body", [b"", b"{}", b'{"status":"DANCING"}', b"[1]"])
def test_a_strange_status_is_asked_again(body: bytes) -> None:
    assert isinstance(read_import_status(Answer(status=200, body=body)), Deferred)


def test_trouble_is_passed_on() -> None:
    assert isinstance(read_import_status(Answer(status=500)), Deferred)
    assert isinstance(read_import_status(Answer(status=403)), Blocked)
    assert isinstance(read_import_status(NoAnswer(maybe_sent=True, cause="x")), Deferred)
