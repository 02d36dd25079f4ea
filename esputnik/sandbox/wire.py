"""Requests and answers as values, and the odd JSON of an API that was XML once."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

Object = Mapping[str, Any]
_NUMBER = re.compile(r"[0-9]{1,18}")
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

    `fates` pairs a text with what a rule plans for the bulk items that contain it: an error, or
    None for an item that an import loses without a word. `import_fate` is what a rule or the dice
    decided about an import.
    """

    now: float
    parts: tuple[str, ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    body: object = None
    size: int = 0
    fates: tuple[tuple[bytes, str | None], ...] = ()
    import_fate: str | None = None

    def fields(self) -> Object:
        """Return the body, which must be an object."""
        if not isinstance(self.body, dict):
            raise RefusedError("The request body must be a JSON object")
        return self.body

    def number(self) -> int:
        """Return the first part of the path, which is a whole number."""
        return int(self.parts[0])

    def planned_error(self, item: Object) -> str | None:
        """Return the error that a rule plans for an item of a bulk request."""
        return next((text for text in self._fates(item) if text is not None), None)

    def is_lost(self, item: Object) -> bool:
        """Tell whether a rule lets an import lose this item."""
        return None in self._fates(item)

    def _fates(self, item: Object) -> list[str | None]:
        if not self.fates:
            return []
        raw = orjson.dumps(item)
        return [fate for contains, fate in self.fates if contains in raw]


class RefusedError(Exception):
    """The request is answered with a status of 4xx or 5xx and a sentence."""

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


def silent_answer(form: str) -> SandboxAnswer:
    """Return a success for which no document gives a form: `empty`, `text` or `object`."""
    if form == "empty":
        return SandboxAnswer()
    return json_answer({}) if form == "object" else text_answer("OK")


def collapsed(name: str, values: Sequence[object]) -> dict[str, object]:
    """Return a list as eSputnik writes it: absent when empty, a bare object when of one.

    Source: the schema descriptions of FailedContact and others in the vendor's OpenAPI file.
    """
    if not values:
        return {}
    return {name: values[0] if len(values) == 1 else list(values)}


def items_of(body: Object, name: str, limit: int, status: int = 400) -> list[Object]:
    """Return a list of objects of the body, of 1 to `limit`; `status` refuses a longer one."""
    items = body.get(name)
    if not isinstance(items, list) or not items:
        raise RefusedError(f"{name} must not be empty")
    if len(items) > limit:
        raise RefusedError(f"{name}: at most {limit} are allowed in a request", status)
    if not all(isinstance(item, dict) for item in items):
        raise RefusedError(f"{name} must hold objects")
    return items


def texts_of(body: Object, name: str) -> list[str]:
    """Return a list of texts or numbers of the body as texts; empty where there is none."""
    given = body.get(name) or []
    texts = [text_of(one) for one in given] if isinstance(given, list) else [""]
    if not all(texts):
        raise RefusedError(f"{name} must be a list of texts")
    return texts


def text_of(value: object) -> str:
    """Return a text or a number as text, without blanks around it; "" for anything else."""
    if isinstance(value, str):
        return value.strip()
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number else ""


def number_of(value: object) -> int | None:
    """Return a whole number of 0 or more, which may come as text; None for anything else."""
    if type(value) is int and value >= 0:  # not a truth; the common case
        return value
    text = text_of(value)
    return int(text) if _NUMBER.fullmatch(text) else None


def is_json_text(value: object) -> bool:
    """Tell whether a value is absent, or a text that holds JSON."""
    if value is None or value == "":
        return True
    try:
        return isinstance(value, str) and orjson.loads(value) is not Ellipsis
    except orjson.JSONDecodeError:
        return False
