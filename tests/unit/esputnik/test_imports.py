import pytest

from esputnik.imports import Failed, Finished, Importing, Lost, read_import_status
from esputnik.outcome import Answer, Blocked, Deferred, NoAnswer


@pytest.mark.parametrize("status", [b"STARTED", b"IMPORTING", b"importing"])
def test_an_import_is_under_way(status: bytes) -> None:
    answer = Answer(status=200, body=b'{"status":"' + status + b'"}')

    assert read_import_status(answer) == Importing()


def test_an_import_is_finished() -> None:
    answer = Answer(status=200, body=b'{"status":"FINISHED","mapping":[]}')

    assert read_import_status(answer) == Finished()


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
