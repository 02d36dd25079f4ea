"""Marks for personal values and secrets, and the search for them in whatever was written.

A mark is unique and of the right form for its field; it is found plain, in base64, percent-encoded
and as `repr` or JSON would write it, whole or in its telling half.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus

EMAIL = "canarymail@canary.example.com"
PHONE = "+380671987654"
USER_NAME = "Канарка"
TOKEN = "canarytoken-5f1c9d"
STREET = "Canarystreet 17"
CODE = "canarycode-77"
API_KEY = "canarykey-0a1b2c3d"
PASSWORD = "canarypass word/9+"
ADMIN_TOKEN = "canaryadmin-4711"

CONTACT = {"email": EMAIL, "phone": PHONE}
PERSONAL = CONTACT | {"name": USER_NAME, "token": TOKEN}
SECRETS = {"api key": API_KEY, "Kafka password": PASSWORD, "admin token": ADMIN_TOKEN}
MARKS: Mapping[str, str] = PERSONAL | {"street": STREET, "code": CODE} | SECRETS


def leaks(written: str | bytes, marks: Mapping[str, str] = MARKS) -> list[str]:
    """The marks that stand in what was written, in any form, by name."""
    text = written.decode(errors="surrogateescape") if isinstance(written, bytes) else written
    return [name for name, mark in marks.items() if any(one in text for one in set(forms(mark)))]


def forms(mark: str) -> Iterator[str]:
    """All that a mark may look like."""
    for one in {mark, *_halves(mark)}:
        yield one
        yield one.lower()
        yield quote(one, safe="")
        yield quote_plus(one)
        yield repr(one)[1:-1]
        yield ascii(one)[1:-1]
        yield json.dumps(one)[1:-1]
        yield one[::-1]
        yield from _in_base64(one.encode())


def _halves(mark: str) -> Iterable[str]:
    """What tells somebody as well as the whole does."""
    if "@" in mark:
        yield mark.partition("@")[0]
    if mark.startswith("+"):
        yield mark[1:]
        yield mark[4:]  # without the country


def _in_base64(raw: bytes) -> Iterator[str]:
    """What base64 makes of a mark, wherever in the text it begins, without the uncertain ends."""
    for offset in range(3):
        text = base64.b64encode(b"\0" * offset + raw).decode()
        first = 0 if offset == 0 else 4
        inner = text[first : len(text) - 4]
        yield inner
        yield inner.replace("+", "-").replace("/", "_")
