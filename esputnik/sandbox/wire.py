"""Requests and answers as values, and the odd JSON of an API that was XML once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

Object = Mapping[str, Any]
JSON_TYPE = "application/json; charset=UTF-8"
TEXT_TYPE = "text/plain; charset=UTF-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxRequest:
    """An HTTP request: the path from `/v1`, percent-encoded; header names in lower case."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxAnswer:
    """An HTTP answer. `delay` in seconds before it goes out.

    `is_dropped`: it never does, the connection is reset in its place.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    is_dropped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request that found its way: `parts` of the path that vary, decoded, and the parsed body.

    `item_errors` pairs a substring with the error text of the bulk items that contain it;
    `import_fate` is what a rule or the dice decided about an import.
    """

    now: float
    parts: tuple[str, ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    body: object = None
    size: int = 0
    item_errors: tuple[tuple[bytes, str], ...] = ()
    import_fate: str | None = None

    def fields(self) -> Object:
        """Return the body, which must be an object."""
        if not isinstance(self.body, dict):
            raise RefusedError("The request body must be a JSON object")
        return self.body

    def number(self, index: int = 0) -> int:
        """Return a part of the path that must be a whole number; 404 where it is none."""
        try:
            return int(self.parts[index])
        except ValueError:
            raise RefusedError("Not found", 404) from None

    def planned_error(self, item: Object) -> str | None:
        """Return the error that a rule plans for an item of a bulk request."""
        if not self.item_errors:
            return None
        raw = orjson.dumps(item)
        return next((text for contains, text in self.item_errors if contains in raw), None)


class RefusedError(Exception):
    """The request is answered with a status of 4xx and a sentence."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.text = text
        self.status = status


def json_answer(
    value: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> SandboxAnswer:
    """Return an answer in JSON."""
    given = {"content-type": JSON_TYPE, **(headers or {})}
    return SandboxAnswer(status=status, body=orjson.dumps(value), headers=given)


def text_answer(
    text: str, status: int = 200, headers: Mapping[str, str] | None = None
) -> SandboxAnswer:
    """Return a plain sentence."""
    given = {"content-type": TEXT_TYPE, **(headers or {})}
    return SandboxAnswer(status=status, body=text.encode(), headers=given)


def collapsed(name: str, values: Sequence[object]) -> dict[str, object]:
    """Return a list as eSputnik writes it: absent when empty, a bare object when of one.

    Source: the schema descriptions of FailedContact and others in the vendor's OpenAPI file.
    """
    if not values:
        return {}
    return {name: values[0] if len(values) == 1 else list(values)}


def items_of(body: Object, name: str, limit: int) -> list[Object]:
    """Return a list of objects of the body, of 1 to `limit`."""
    items = body.get(name)
    if not isinstance(items, list) or not items:
        raise RefusedError(f"{name} must not be empty")
    if len(items) > limit:
        raise RefusedError(f"{name}: at most {limit} are allowed in a request")
    if not all(isinstance(item, dict) for item in items):
        raise RefusedError(f"{name} must hold objects")
    return items


def text_of(value: object) -> str:
    """Return a text or a number as text, without blanks around it; "" for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).strip()
