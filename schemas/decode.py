"""From bytes to a JSON object, within limits of size, depth and number of nodes.

Everything is refused before it is built: parsers of trees recurse, trees of a million nodes fill
the memory. Ordinary records pass by a few counts of bytes.
"""

import base64
import binascii
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from schemas.problem import Problem, Reason

MAX_DEPTH = 32
MAX_NODES = 20_000
EXACT_DIGITS = 15  # what a double keeps of any decimal number
LONGEST_INTEGER = 20  # signs of a 64-bit one
_BOM = b"\xef\xbb\xbf"
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
# A string that is never closed counts to the end: to fail there and to begin again at every
# escaped quote would take time that grows with the square of the length.
_STRINGS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
# A run that holds a number with more digits than a double keeps.
_LONG_RUN = re.compile(rb"[0-9][0-9.]{15}")
_MOST_UNPACKED = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class LongNumber:
    """A JSON number that neither a double nor 64 bits hold exactly, as the text it was.

    Fields refuse it as `schema.range`, with the advice to send a string.
    """

    text: str


def decode(value: bytes, *, max_bytes: int) -> dict[str, Any] | Problem:
    """Return the object a record's value holds, or a problem of the stage `decode`.

    Integers of up to 64 bits come as int. Other numbers come as float up to 15 significant
    digits, where the float's shortest spelling is the number that was sent; all that are longer
    come as `LongNumber`, wherever they stand. One byte order mark is overlooked; of a key that
    stands twice the last one counts.
    """
    if len(value) > max_bytes:
        return _refused(Reason.TOO_LARGE, f"the value is larger than {max_bytes} bytes")
    text = value.removeprefix(_BOM)
    if not text.strip():
        return _refused(Reason.EMPTY, "the value is empty; send a JSON object")
    if (frame := _frame(text)) is not None:
        return frame
    try:
        text.decode()
    except UnicodeDecodeError:
        return _refused(Reason.NOT_UTF8, "the value is not UTF-8; send UTF-8 JSON")
    if (excess := _excess(text)) is not None:
        return excess
    return _parse(text)


def unpack(value: bytes, encoding: str, *, max_bytes: int) -> bytes | Problem:
    """Return what a value holds that is packed as its `content-encoding` says: gzip, or not."""
    match encoding.strip().lower():
        case "" | "identity":
            return value
        case "gzip":
            return _unzip(value, max_bytes)
        case _:
            return Problem(
                reason=Reason.COMPRESSION,
                field="headers.content-encoding",
                detail="is not known; send gzip or nothing",
            )


def _unzip(value: bytes, max_bytes: int) -> bytes | Problem:
    """Return what a gzip stream holds. Little over `max_bytes` of it is ever in memory."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        text = unpacker.decompress(value, max_bytes + 1)
    except zlib.error:
        return _refused(Reason.COMPRESSION, "the value is no gzip stream")
    if len(text) > max_bytes:
        return _refused(Reason.COMPRESSION, f"unpacked, the value is over {max_bytes} bytes")
    if not unpacker.eof or unpacker.unused_data:
        return _refused(Reason.COMPRESSION, "the gzip stream is cut short or followed by more")
    return text


def has_repeated_keys(value: bytes) -> bool:
    """Tell whether any object of a value names a key twice, however its letters are escaped.

    Looks into gzip and into `data_base64` as well: what is packed is read all the same.
    """
    text: bytes | Problem = value
    if value.startswith(_GZIP):
        text = _unzip(value, _MOST_UNPACKED)
    if isinstance(text, Problem):
        return True  # what cannot be looked into is not taken to be clear
    packed: list[bytes] = []
    return _repeats(text, packed) or any(_repeats(part, []) for part in packed)


def _repeats(text: bytes, packed: list[bytes]) -> bool:
    """Tell whether a document names a key twice; add what is packed within it to `packed`."""
    repeated = False

    def note(pairs: list[tuple[str, Any]]) -> None:
        nonlocal repeated
        repeated = repeated or len({name for name, _ in pairs}) < len(pairs)
        for name, part in pairs:
            if name == "data_base64" and isinstance(part, str):
                try:
                    packed.append(base64.b64decode(part, validate=True))
                except (binascii.Error, ValueError):
                    continue

    try:
        # Numbers stay text: an endless one takes no time and cannot fail.
        json.loads(
            text.removeprefix(_BOM).decode(), object_pairs_hook=note, parse_int=str, parse_float=str
        )
    except (ValueError, RecursionError):
        return False
    return repeated


def _frame(text: bytes) -> Problem | None:
    if text[0] == 0:
        return _refused(
            Reason.REGISTRY_UNSUPPORTED,
            "the value is framed for a schema registry; send plain JSON",
        )
    if text.startswith((_GZIP, _ZSTD)):
        return _refused(
            Reason.COMPRESSION, "the value is packed; say content-encoding: gzip, or do not pack"
        )
    return None


def _excess(text: bytes) -> Problem | None:
    """Find what is too deep or too much, without building it."""
    opened = text.count(b"{") + text.count(b"[")
    if opened <= MAX_DEPTH and opened + text.count(b",") <= MAX_NODES:
        return None
    depth = nodes = 0
    for sign in _structure(text):
        if sign in b"}]":
            depth -= 1
            continue
        nodes += 1
        depth += sign in b"{["
        if depth > MAX_DEPTH:
            return _refused(Reason.JSON_DEPTH, f"the value is nested deeper than {MAX_DEPTH}")
        if nodes > MAX_NODES:
            return _refused(Reason.TOO_MANY_NODES, f"the value has more than {MAX_NODES} nodes")
    return None


def _structure(text: bytes) -> Iterator[int]:
    """Yield the brackets and commas that stand outside strings."""
    for found in re.finditer(rb"[{}\[\],]", _STRINGS.sub(b'""', text)):
        yield found.group()[0]


def _parse(text: bytes) -> dict[str, Any] | Problem:
    try:
        found = orjson.loads(text)
        if _has_long_number(text):
            found = json.loads(text, parse_float=exact_float, parse_int=exact_int)
    except (ValueError, RecursionError):
        return _refused(Reason.JSON_SYNTAX, "the value is no JSON document")
    if not isinstance(found, dict):
        return _refused(
            Reason.JSON_TYPE, "the value is no JSON object; send one object, one event a record"
        )
    return found


def _has_long_number(text: bytes) -> bool:
    """Tell whether a long run of digits stands outside strings; ids within them are common."""
    return bool(_LONG_RUN.search(text) and _LONG_RUN.search(_STRINGS.sub(b'""', text)))


def exact_float(text: str) -> float | LongNumber:
    """Return a fraction, for `json.loads`; `LongNumber` where a double would not keep it."""
    return LongNumber(text) if significant_digits(text) > EXACT_DIGITS else float(text)


def exact_int(text: str) -> int | LongNumber:
    """Return an integer, for `json.loads`; `LongNumber` where it has more than 64 bits."""
    fits = len(text) <= LONGEST_INTEGER and -(2**63) <= int(text) < 2**64
    return int(text) if fits else LongNumber(text)


def significant_digits(text: str) -> int:
    """Return how many digits of a number carry meaning."""
    mantissa = text.lower().partition("e")[0]
    digits = mantissa.replace("-", "").replace("+", "")
    whole, point, fraction = digits.partition(".")
    bare = (whole + fraction).lstrip("0")
    return len(bare if point else bare.rstrip("0")) or 1


def _refused(reason: Reason, detail: str) -> Problem:
    return Problem(reason=reason, detail=detail)
