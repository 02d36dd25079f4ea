import pytest

from bench.sink.account import Reply
from bench.sink.wire import Head, read_head, write_reply


@pytest.mark.parametrize("name", ["Content-Length", "content-length"])
def test_a_head_tells_where_its_body_lies(name: str) -> None:
    received = bytearray(
        f"POST /api/v1/orders HTTP/1.1\r\nHost: a\r\n{name}: 2\r\n\r\n{{}}".encode()
    )

    head = read_head(received)

    assert head == Head(b"POST", "/api/v1/orders", len(received) - 2, len(received))


def test_a_request_without_a_length_has_no_body() -> None:
    received = bytearray(b"GET /api/v1/account/info HTTP/1.1\r\nHost: a\r\n\r\nGET")

    head = read_head(received)

    assert head is not None
    assert head.body_at == head.end == len(received) - 3


def test_an_unfinished_head_is_waited_for() -> None:
    assert read_head(bytearray(b"GET / HTTP/1.1\r\nHost: a\r\n")) is None


def test_a_length_in_the_body_is_not_the_head_s() -> None:
    received = bytearray(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n\r\nContent-Length: 9")

    head = read_head(received)

    assert head is not None
    assert head.end == head.body_at


def test_an_answer_carries_its_length_and_a_429_says_when_to_come_again() -> None:
    assert write_reply(Reply(200, b"{}")).endswith(b"Content-Length: 2\r\n\r\n{}")
    assert b"\r\nRetry-After: 1\r\n" in write_reply(Reply(429, b"{}"))
