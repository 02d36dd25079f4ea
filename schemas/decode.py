"""From bytes to a JSON object, within limits of size, depth and number of nodes.

Everything is refused before it is built: parsers of trees recurse, trees of a million nodes fill
the memory. Ordinary records pass by a few counts of bytes.
"""

import base64
import binascii
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
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
# The outline of a text: digits and the point are all `0`, brackets are braces.
_OUTLINE = bytes.maketrans(b"0123456789.[]", b"00000000000{}")
_LONG_RUN = b"0" * (EXACT_DIGITS + 1)  # holds a number with more digits than a double keeps
_LONG_RUNS = re.compile(_LONG_RUN + b"+")
_NO_BRACES = bytes(sign for sign in range(256) if sign not in b"{}")
_MOST_UNPACKED = 64 * 1024 * 1024
_Pairs = list[tuple[str, Any]]  # an object as it is written


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
    outline = value.translate(_OUTLINE)
    if len(value) > MAX_NODES or outline.count(b"{") > MAX_DEPTH:
        return _decode_with_care(value)  # is it too deep or too much?
    try:
        found = orjson.loads(value)
    except ValueError:
        return _decode_with_care(value)  # which of its faults comes first?
    is_long = _LONG_RUN in outline and _has_long_number(value, outline)
    return _only_object(found, value, is_long=is_long)


def _decode_with_care(value: bytes) -> dict[str, Any] | Problem:
    """Return the object, or the first of the problems: frame, UTF-8, excess, syntax, type."""
    text = value.removeprefix(_BOM)
    if not text.strip():
        return _refused(Reason.EMPTY, "the value is empty; send a JSON object")
    if (frame := _frame(text)) is not None:
        return frame
    try:
        text.decode()
    except UnicodeDecodeError:
        return _refused(Reason.NOT_UTF8, "the value is not UTF-8; send UTF-8 JSON")
    outline = _STRINGS.sub(b"", text).translate(_OUTLINE)
    if (excess := _excess(outline)) is not None:
        return excess
    try:
        return _only_object(orjson.loads(text), text, is_long=_LONG_RUN in outline)
    except (ValueError, RecursionError):
        return _no_json()


def mend(value: bytes) -> dict[str, Any] | None:
    """Return the object of a text that `decode` refuses for its syntax, where little is wrong.

    Half a character that was escaped, as is left of an emoji where a text was cut, becomes U+FFFD;
    a number beyond any double is a `LongNumber`. None where more is wrong.
    """
    try:
        found = json.loads(
            value.removeprefix(_BOM).decode(),
            parse_float=exact_float,
            parse_int=exact_int,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError):
        return None
    return _mended(found) if isinstance(found, dict) else None


def _refuse_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity are no JSON


def _mended(part: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(part, str):
        return part.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(part, dict):
        return {_mended(name): _mended(value) for name, value in part.items()}
    return [_mended(one) for one in part] if isinstance(part, list) else part


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
        return _refused(Reason.COMPRESSION, "the value is not gzip")
    if len(text) > max_bytes:
        return _refused(
            Reason.COMPRESSION, f"decompressed, the value is larger than {max_bytes} bytes"
        )
    if not unpacker.eof or unpacker.unused_data:
        return _refused(
            Reason.COMPRESSION, "the gzip stream is truncated or followed by other data"
        )
    return text


def has_repeated_keys(value: bytes) -> bool:
    """Tell whether any object of a value names a key twice, however its letters are escaped.

    Looks into gzip and into `data_base64` as well: what is packed is read all the same.
    """
    objects = _objects(value)
    # What cannot be looked into is not taken to be clear.
    return objects is None or any(len(dict(pairs)) < len(pairs) for pairs in objects)


def readings(value: bytes, data: Mapping[str, Any], key: str) -> frozenset[str]:
    """Return the texts under a key that stands twice in what `data` was read from; else none.

    `data` is known again by its names.
    """
    found = (
        [part for name, part in pairs if name == key]
        for pairs in _objects(value) or ()
        if dict(pairs).keys() == data.keys()
    )
    doubled = (parts for parts in found if len(parts) > 1)
    return frozenset(part for parts in doubled for part in parts if isinstance(part, str))


def _objects(value: bytes) -> list[_Pairs] | None:
    """Return each object of a value and of what is packed in it; None if it cannot be unpacked."""
    text: bytes | Problem = value
    if value.startswith(_GZIP):
        text = _unzip(value, _MOST_UNPACKED)
    if isinstance(text, Problem):
        return None
    outer = _objects_in(text)
    return outer + [pairs for part in _packed(outer) for pairs in _objects_in(part)]


def _objects_in(text: bytes) -> list[_Pairs]:
    objects: list[_Pairs] = []
    try:
        # Numbers stay text: an endless one takes no time and cannot fail.
        json.loads(
            text.removeprefix(_BOM).decode(),
            object_pairs_hook=objects.append,
            parse_int=str,
            parse_float=str,
        )
    except (ValueError, RecursionError):
        return []
    return objects


def _packed(objects: Iterable[_Pairs]) -> Iterator[bytes]:
    for name, part in (pair for pairs in objects for pair in pairs):
        if name == "data_base64" and isinstance(part, str):
            try:
                yield base64.b64decode(part, validate=True)
            except (binascii.Error, ValueError):
                continue


def _frame(text: bytes) -> Problem | None:
    if text[0] == 0:
        return _refused(
            Reason.REGISTRY_UNSUPPORTED,
            "the value has a schema-registry prefix; send plain JSON",
        )
    if text.startswith((_GZIP, _ZSTD)):
        return _refused(
            Reason.COMPRESSION,
            "the value is compressed; set content-encoding: gzip, or do not compress",
        )
    return None


def _excess(outline: bytes) -> Problem | None:
    """Find what is too deep or too much in an outline without strings; nothing is built for it."""
    if _is_deep(outline.translate(None, _NO_BRACES)):
        return _refused(Reason.JSON_DEPTH, f"the value is nested deeper than {MAX_DEPTH}")
    if outline.count(b"{") + outline.count(b",") > MAX_NODES:
        return _refused(Reason.TOO_MANY_NODES, f"the value has more than {MAX_NODES} nodes")
    return None


def _is_deep(braces: bytes) -> bool:
    """Tell whether braces are nested too deep: each round takes away the innermost level."""
    for _ in range(MAX_DEPTH):
        if b"{}" not in braces:
            break
        braces = braces.replace(b"{}", b"")
    return b"{}" in braces or braces.count(b"{") > MAX_DEPTH


def _only_object(found: object, text: bytes, *, is_long: bool) -> dict[str, Any] | Problem:
    """Return a parsed document if it is an object. `is_long`: some numbers are `LongNumber`."""
    if not isinstance(found, dict):
        return _refused(
            Reason.JSON_TYPE,
            "the value is not a JSON object; send one object, one event per record",
        )
    return _exactly(text) if is_long else found


def _exactly(text: bytes) -> dict[str, Any]:
    """Return an object that is known to be one, its long numbers as `LongNumber`."""
    exact: dict[str, Any] = json.loads(text, parse_float=exact_float, parse_int=exact_int)
    return exact


def _has_long_number(text: bytes, outline: bytes) -> bool:
    """Tell whether a long run of digits stands outside strings.

    Most are ids, and begin behind a quote: there no number can begin.
    """
    if all(text[run.start() - 1] in b'"' for run in _LONG_RUNS.finditer(outline)):
        return False
    return _LONG_RUN in _STRINGS.sub(b"", text).translate(_OUTLINE)


def _no_json() -> Problem:
    return _refused(Reason.JSON_SYNTAX, "the value is not valid JSON")


def exact_float(text: str) -> float | LongNumber:
    """Return a fraction, for `json.loads`; `LongNumber` where a double would not keep it."""
    number = float(text)
    is_kept = significant_digits(text) <= EXACT_DIGITS and isfinite(number)
    return number if is_kept else LongNumber(text)


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
