"""As much HTTP/1.1 as the sink needs. Pure: bytes in, values out.

Bodies come with a length, as all the clients measured here send them.
"""

import re
from dataclasses import dataclass

from bench.sink.account import Reply

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_WORDS = {200: b"OK", 400: b"Bad Request", 404: b"Not Found", 429: b"Too Many Requests"}


@dataclass(frozen=True, slots=True)
class Head:
    """A request's head: its body lies from `body_at` to `end` of what was received."""

    method: bytes
    path: str
    body_at: int
    end: int


def read_head(received: bytearray) -> Head | None:
    """Return the head that begins what was received; None while it is not complete."""
    blank = received.find(b"\r\n\r\n")
    if blank < 0:
        return None
    method, path, _ = received[: received.find(b"\r\n")].split(b" ", 2)
    length = _LENGTH.search(received, 0, blank)
    body_at = blank + 4
    end = body_at + (int(length[1]) if length else 0)
    return Head(bytes(method), path.decode(), body_at, end)


def write_reply(reply: Reply) -> bytes:
    """Return the bytes of an answer."""
    retry = b"Retry-After: 1\r\n" if reply.status == 429 else b""  # noqa: PLR2004 - of HTTP
    return b"HTTP/1.1 %d %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s" % (
        reply.status,
        _WORDS[reply.status],
        retry,
        len(reply.body),
        reply.body,
    )
