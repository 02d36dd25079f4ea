"""Requests and answers of the sandbox, without a network. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

JSON = "application/json; charset=UTF-8"
TEXT = "text/plain; charset=UTF-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request. `path` starts at `/v1`, its segments decoded by whoever needs them."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> dict[str, Any]:
        """Return the body's object. Raises `RefusedError` for anything else."""
        try:
            found = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            raise RefusedError(400, "Request body is not valid JSON") from None
        if not isinstance(found, dict):
            raise RefusedError(400, "Request body must be an object")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An answer."""

    status: int = 200
    body: bytes = b""
    kind: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


class RefusedError(Exception):
    """The request is refused: a status and a sentence."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def as_json(body: object, status: int = 200, **headers: str) -> Told:
    """Return an answer of JSON."""
    return Told(status=status, body=orjson.dumps(body), headers=headers)


def as_text(text: str, status: int = 200) -> Told:
    """Return an answer of a plain sentence, as eSputnik gives for many calls."""
    return Told(status=status, body=text.encode(), kind=TEXT)


def items_of(body: Mapping[str, Any], name: str, most: int) -> list[Any]:
    """Return a list of 1 to `most`. Raises `RefusedError` for anything else."""
    items = body.get(name)
    if not isinstance(items, list) or not items:
        raise RefusedError(400, f"{name} must not be empty")
    if len(items) > most:
        raise RefusedError(400, f"{name}: maximum number of items is {most}")
    return items


def text_of(body: Mapping[str, Any], name: str) -> str:
    """Return a required text. Raises `RefusedError` where it is missing or empty."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise RefusedError(400, f"{name} is required")
    return value
