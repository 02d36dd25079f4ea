"""What of a partition is finished, or about to be sent, beyond its commit point. Pure.

It is written beside the committed offset, as its metadata, so it needs no store of its own and is
fenced by the group like the offset itself. After a crash or a rebalance whoever reads the
partition next skips what was finished and knows which sends may have run.

Form: a version, then two bitmaps relative to the commit point, Base64 with a dot between.
"""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass

VERSION = "1"
NOTHING_TOLD = f"{VERSION}."  # reads like an empty text, and is none
SPAN = 8192  # offsets from the commit point on; both bitmaps then fit into 4,096 bytes of text


@dataclass(frozen=True, slots=True)
class Progress:
    """Offsets at or above the commit point: `settled`, and `declared` as about to be sent."""

    settled: frozenset[int] = frozenset()
    declared: frozenset[int] = frozenset()


class UnknownProgressError(ValueError):
    """Nothing that this version wrote."""


def write_progress(base: int, settled: Iterable[int], declared: Iterable[int]) -> str:
    """Return the text for a commit point `base`; empty where there is nothing to tell.

    Offsets beyond `SPAN` are left out.
    """
    parts = [_bits(base, offsets) for offsets in (settled, declared)]
    return f"{VERSION}{parts[0]}.{parts[1]}" if any(parts) else ""


def read_progress(base: int, text: str) -> Progress:
    """Return what was written beside a commit point.

    Raises:
        UnknownProgressError: Nothing of ours, or of a later version.
    """
    if not text:
        return Progress()
    settled, dot, declared = text[1:].partition(".")
    if text[0] != VERSION or not dot:
        raise UnknownProgressError("another version")
    return Progress(_offsets(base, settled), _offsets(base, declared))


def is_known(base: int, text: str) -> bool:
    """Tell whether what stands beside a commit point can be read."""
    try:
        read_progress(base, text)
    except UnknownProgressError:
        return False
    return True


def _bits(base: int, offsets: Iterable[int]) -> str:
    number = 0
    for offset in offsets:
        if 0 <= offset - base < SPAN:
            number |= 1 << (offset - base)
    raw = number.to_bytes((number.bit_length() + 7) // 8, "little")
    return base64.b64encode(raw).decode()


def _offsets(base: int, text: str) -> frozenset[int]:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise UnknownProgressError("no Base64") from None
    if len(raw) > SPAN // 8:
        raise UnknownProgressError("too long")
    number = int.from_bytes(raw, "little")
    return frozenset(base + bit for bit in range(number.bit_length()) if number >> bit & 1)
