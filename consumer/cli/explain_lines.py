"""Lines of `explain` as records: a bare event, or an object that describes a record. Pure."""

import base64
import binascii
import json
import re
from typing import Any

from consumer.record import Headers, Record
from schemas.decode import exact_float, exact_int

_VALUES = frozenset({"value", "value_base64"})
_BOM = b"\xef\xbb\xbf"
_GAP = re.compile(r"[ \t\r\n:,]*")


class LineError(Exception):
    """A line that describes a record, and wrongly; the message says what is wrong with it."""


def read_line(line: bytes, number: int, now: float) -> Record:
    """Return the record of a line; `now`, in seconds, stamps one that names no time.

    What describes no record is the value of one, so that it is judged as `run` would judge it.

    Raises:
        LineError: A member of the description is of a wrong kind.
    """
    raw = line.strip()
    try:
        text = raw.removeprefix(_BOM).decode()
        found = json.loads(text, parse_float=exact_float, parse_int=exact_int)
    except (ValueError, RecursionError):
        return _record({}, raw, number, now)
    if not isinstance(found, dict) or not isinstance(found.get("topic"), str):
        return _record({}, raw, number, now)
    if _VALUES.isdisjoint(found):
        return _record({}, raw, number, now)
    return _record(found, _value(found, text), number, now)


def _record(found: dict[str, Any], value: bytes | None, number: int, now: float) -> Record:
    key = found.get("key")
    return Record(
        topic=found.get("topic", ""),
        partition=0,
        offset=number,
        timestamp=_timestamp(found.get("timestamp"), now),
        key=_bytes(key, "key") if key is not None else None,
        value=value,
        headers=_headers(found.get("headers")),
    )


def _timestamp(value: object, now: float) -> int:
    if value is None:
        return int(now * 1000)
    if not isinstance(value, int) or isinstance(value, bool):
        raise LineError("timestamp is not an integer (milliseconds)")
    return value


def _value(found: dict[str, Any], text: str) -> bytes | None:
    if "value_base64" in found:
        try:
            return base64.b64decode(found["value_base64"], validate=True)
        except (binascii.Error, ValueError, TypeError):
            raise LineError("value_base64 is not base64") from None
    value = found["value"]
    if value is None:
        return None
    # An object goes as it was written: its digits, and keys that stand twice, are part of it.
    return _bytes(_written(text, "value") if isinstance(value, dict) else value, "value")


def _written(text: str, name: str) -> str:
    """Return a member of a valid JSON object as it is written there; the last of that name."""
    decoder = json.JSONDecoder(parse_float=str, parse_int=str)
    found, at = "", _past_gap(text, text.index("{") + 1)
    while text[at] != "}":
        key, at = decoder.raw_decode(text, at)
        begin = _past_gap(text, at)
        _, at = decoder.raw_decode(text, begin)
        if key == name:
            found = text[begin:at]
        at = _past_gap(text, at)
    return found


def _past_gap(text: str, at: int) -> int:
    gap = _GAP.match(text, at)
    return gap.end() if gap is not None else at


def _headers(value: object) -> Headers:
    if value is None:
        return ()
    pairs = list(value.items()) if isinstance(value, dict) else value
    if not isinstance(pairs, list):
        raise LineError("headers are neither an object nor a list of pairs")
    return tuple(_header(pair) for pair in pairs)


def _header(pair: object) -> tuple[str, bytes | None]:
    match pair:
        case (str() as name, None):
            return name, None
        case (str() as name, str() as text):
            return name, _bytes(text, f"header {name}")
        case _:
            raise LineError("a header must be a name with a string or null")


def _bytes(value: object, name: str) -> bytes:
    if not isinstance(value, str):
        raise LineError(f"{name} has the wrong type; write a string")
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise LineError(f"{name} has a lone surrogate, which is not valid UTF-8") from None
