"""Reads what is typed after options. Pure: a ValueError says what to write."""

import difflib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from consumer.deadletters.reasons import REASONS
from consumer.record import Partition
from handlers.routes import ROUTES

STAGES = tuple(dict.fromkeys(code.partition(".")[0] for code in REASONS))


@dataclass(frozen=True, slots=True)
class Chance:
    """A kind of fault, and its share of requests, 0 to 1."""

    kind: str
    share: float


def gap(text: str) -> Partition:
    """Return the partition that `TOPIC:PARTITION` names."""
    topic, _, number = text.rpartition(":")
    if not topic or not (number.isascii() and number.isdigit()):
        raise ValueError(f"{text!r} is not a partition; write TOPIC:PARTITION, such as orders:0")
    return Partition(topic, int(number))


def chance(text: str) -> Chance:
    """Return the kind of fault and its share of `KIND=PROBABILITY`."""
    kind, _, number = text.partition("=")
    try:
        share = float(number)
    except ValueError:
        share = -1.0
    if not kind or not 0 <= share <= 1:
        raise ValueError(
            f"{text!r} is not a fault; write KIND=PROBABILITY (0 to 1), such as 500=0.1"
        )
    return Chance(kind, share)


def instant(text: str) -> datetime:
    """Return a time in ISO 8601; UTC where it names no zone."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is not a time; write one such as 2026-11-24T10:00:00Z"
        ) from None
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


def selector(text: str) -> str:
    """Return what letters are picked by: an empty text, as of a variable that is unset, is none."""
    if not text:
        raise ValueError("is empty; write what is meant, or leave it out")
    return text


def letter_id(text: str) -> str:
    """Return how a letter's id begins, in lower case as ids are."""
    return selector(text).lower()


def not_types(texts: Collection[str]) -> Iterator[str]:
    """Yield a sentence for each that is no type of event: producers may write any, so may we."""
    for text in sorted(set(texts) - ROUTES.keys()):
        near = difflib.get_close_matches(text, ROUTES, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(ROUTES)}"
        yield f"{text!r} is no type of event that this version knows; {hint}"


def reason(text: str) -> str:
    """Return a reason, or a stage of them."""
    known = (*STAGES, *REASONS)
    if text not in known:
        near = difflib.get_close_matches(text, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"the stages are {', '.join(STAGES)}"
        raise ValueError(f"{text!r} is neither a reason nor a stage; {hint}")
    return text
