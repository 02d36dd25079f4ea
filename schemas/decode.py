"""From bytes to a JSON object, within limits of size, depth and number of nodes.

Everything is refused before it is built: parsers of trees recurse, trees of a million nodes fill
the memory. Ordinary records pass by a few counts of bytes.
"""

import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from schemas.problem import Problem

MAX_DEPTH = 32
MAX_NODES = 20_000
EXACT_DIGITS = 15  # what a double keeps of any decimal number
_BOM = b"\xef\xbb\xbf"
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
# A run that holds a number with more digits than a double keeps, in a string or outside.
_LONG_RUN = re.compile(rb"[0-9][0-9.]{15,}")


@dataclass(frozen=True, slots=True)
class LongNumber:
    """A JSON number with more digits than a double keeps: whoever wants it exact gets its text."""

    text: str


def decode(value: bytes, *, max_bytes: int) -> dict[str, Any] | Problem:
    """Return the object a record's value holds.

    Numbers of up to 15 significant digits come as int or float, longer ones as `LongNumber`.
    One byte order mark is overlooked; of a key that stands twice the last one counts.
    """
    if len(value) > max_bytes:
        return _refused("too_large", f"the value is larger than {max_bytes} bytes")
    text = value.removeprefix(_BOM)
    if not text.strip():
        return _refused("empty", "the value is empty; send a JSON object")
    if (frame := _frame(text)) is not None:
        return frame
    try:
        text.decode()
    except UnicodeDecodeError:
        return _refused("not_utf8", "the value is not UTF-8; send UTF-8 JSON")
    if (excess := _excess(text)) is not None:
        return excess
    return _parse(text)


def has_repeated_keys(value: bytes) -> bool:
    """Tell whether any object names a key twice, however its letters are escaped."""
    repeated = False

    def note(pairs: list[tuple[str, Any]]) -> None:
        nonlocal repeated
        repeated = repeated or len({name for name, _ in pairs}) < len(pairs)

    try:
        json.loads(value.removeprefix(_BOM).decode(), object_pairs_hook=note)
    except (ValueError, RecursionError):
        return False
    return repeated


def unpack(value: bytes, *, max_bytes: int) -> bytes | Problem:
    """Return what a gzip stream holds, at most `max_bytes` of it."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        text = unpacker.decompress(value, max_bytes + 1)
    except zlib.error:
        return _refused("compression", "the value is no gzip stream")
    if len(text) > max_bytes or unpacker.unconsumed_tail:
        return _refused("compression", f"unpacked, the value is larger than {max_bytes} bytes")
    if not unpacker.eof or unpacker.unused_data:
        return _refused("compression", "the gzip stream is cut short or followed by more")
    return text


def _parse(text: bytes) -> dict[str, Any] | Problem:
    try:
        found = orjson.loads(text)
        if _LONG_RUN.search(text):
            found = json.loads(text, parse_float=exact_float, parse_int=exact_int)
    except (ValueError, RecursionError):
        return _refused("json_syntax", "the value is no JSON document")
    if not isinstance(found, dict):
        return _refused("json_type", "the value is no JSON object; send one event a record")
    return found


def _frame(text: bytes) -> Problem | None:
    if text[0] == 0:
        return _refused(
            "registry_unsupported", "the value is framed for a schema registry; send plain JSON"
        )
    if text.startswith((_GZIP, _ZSTD)):
        return _refused("compression", "the value is packed; declare content-encoding: gzip")
    return None


def _excess(text: bytes) -> Problem | None:
    """Find what is too deep or too much, without building it."""
    opened = text.count(b"{") + text.count(b"[")
    commas = text.count(b",")
    if opened <= MAX_DEPTH and opened + commas <= MAX_NODES:
        return None
    depth = nodes = 0
    for sign in _structure(text):
        if sign in b"{[":
            depth += 1
            nodes += 1
        elif sign in b"}]":
            depth -= 1
        else:
            nodes += 1
        if depth > MAX_DEPTH:
            return _refused("json_depth", f"the value is nested deeper than {MAX_DEPTH}")
        if nodes > MAX_NODES:
            return _refused("too_many_nodes", f"the value holds more than {MAX_NODES} nodes")
    return None


def _structure(text: bytes) -> Iterator[int]:
    """Yield the brackets and commas that stand outside strings."""
    for found in re.finditer(rb"[{}\[\],]", _STRINGS.sub(b"", text)):
        yield found.group()[0]


def exact_float(text: str) -> float | LongNumber:
    """Return a fraction, for `json.loads`; `LongNumber` where a double would not keep it."""
    return LongNumber(text) if significant_digits(text) > EXACT_DIGITS else float(text)


def exact_int(text: str) -> int | LongNumber:
    """Return an integer, for `json.loads`; `LongNumber` where it has more than 64 bits."""
    fits = len(text) <= 20 and -(2**63) <= int(text) < 2**64  # noqa: PLR2004 - digits of 64 bit
    return int(text) if fits else LongNumber(text)


def significant_digits(text: str) -> int:
    """Return how many digits of a number carry meaning."""
    mantissa = text.lower().partition("e")[0]
    digits = mantissa.replace("-", "").replace("+", "")
    whole, point, fraction = digits.partition(".")
    bare = (whole + fraction).lstrip("0")
    return len(bare if point else bare.rstrip("0")) or 1


def _refused(code: str, detail: str) -> Problem:
    return Problem(reason=f"decode.{code}", detail=detail)
