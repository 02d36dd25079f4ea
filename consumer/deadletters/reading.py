"""Dead letters for people: which there are, and what each says."""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from consumer.consent.foresight import Foreseen, Foresight, left
from consumer.deadletters.letter import DeadLetter, Fate, NotALetter, read_letter
from consumer.deadletters.reasons import REASONS
from consumer.exact_http import told_call
from consumer.operations.masking import mask
from consumer.plan import UNKNOWN, Plan, Planned, Planner, Refused, Skipped
from consumer.record import Record
from consumer.repeats import SAME_ID, Repeats, once
from handlers.mapped import Refusal

STATES = {"D": "delivered", "R": "refused", "X": "in doubt", "N": "not tried"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which letters are meant: all that are named must hold. Times are of the latest burial."""

    reasons: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    partition: int | None = None
    offset: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    event_ids: frozenset[str] = frozenset()
    ids: tuple[str, ...] = ()

    def keep(self, letter: DeadLetter) -> bool:
        """Tell whether a letter is meant.

        A reason may be named by its stage alone: `schema`. Where no type could be read it is
        `unknown`, as metrics and `explain` say.
        """
        original, at = letter.original, letter.at
        stage = letter.reason.split(".", maxsplit=1)[0]
        return all(
            (
                not self.reasons or letter.reason in self.reasons or stage in self.reasons,
                not self.types or (letter.event_type or UNKNOWN) in self.types,
                not self.topics or original.topic in self.topics,
                self.partition is None or original.partition == self.partition,
                self.offset is None or original.offset == self.offset,
                self.since is None or at >= self.since,
                self.until is None or at < self.until,
                not self.event_ids or letter.event_id in self.event_ids,
                not self.ids or letter.id.startswith(self.ids),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A letter and where it lies in the dead-letter topic."""

    letter: DeadLetter
    partition: int
    offset: int


@dataclass(slots=True)
class Reading:
    """What a pass over the topic saw."""

    letters: int = 0
    strangers: int = 0


async def read_letters(records: AsyncIterator[Record], reading: Reading) -> AsyncIterator[Found]:
    """Return the letters of a topic; what is none is counted and left out."""
    async for record in records:
        letter = read_letter(record)
        if isinstance(letter, NotALetter):
            reading.strangers += 1
            continue
        reading.letters += 1
        yield Found(letter=letter, partition=record.partition, offset=record.offset)


def newest(found: Iterable[Found]) -> list[Found]:
    """Return of letters with one id the newest alone, in the order of their events."""
    kept: dict[str, Found] = {}
    for one in found:
        before = kept.get(one.letter.id)
        if before is None or _age(one) >= _age(before):
            kept[one.letter.id] = one
    return sorted(kept.values(), key=_place)


def _age(found: Found) -> tuple[int, datetime, int]:
    return found.letter.attempts, found.letter.at, found.offset


def _place(found: Found) -> tuple[str, int, int]:
    original = found.letter.original
    return original.topic, original.partition, original.offset


def about(letter: DeadLetter) -> dict[str, Any]:
    """Return which letter it is, and whose: what every list of letters begins with."""
    return {
        "id": letter.id,
        "reason": letter.reason,
        "type": letter.event_type,
        "event_id": letter.event_id,
        "topic": letter.original.topic,
        "partition": letter.original.partition,
        "offset": letter.original.offset,
        "attempts": letter.attempts,
    }


def row(found: Found) -> dict[str, Any]:
    """Return what `dlq list` says of a letter: no value of the event."""
    letter = found.letter
    return about(letter) | {
        "first_at": letter.first_at.isoformat(),
        "at": letter.at.isoformat(),
        "message": letter.message,
        "action": letter.action,
        "idempotency_key": letter.key,
        "flags": list(letter.flags),
        "letter": {"partition": found.partition, "offset": found.offset},
    }


def page(found: Found, planner: Planner, now: float) -> dict[str, Any]:
    """Return what `dlq show` says of a letter: the event masked, and what it would send now."""
    letter = found.letter
    reason = REASONS.get(letter.reason)
    return row(found) | {
        "meaning": reason.meaning if reason else None,
        "remedy": reason.remedy if reason else None,
        "calls": [_fate(fate) for fate in letter.fates],
        "event": _event(letter.original.value),
        "now": would_send(letter, planner, now, Repeats()),
    }


def would_send(
    letter: DeadLetter,
    planner: Planner,
    now: float,
    repeats: Repeats,
    foresight: Foresight | None = None,
) -> dict[str, Any]:
    """Return what a replay would send of a letter: the exact HTTP, and why not (all of) it.

    `repeats` knows the letters before it. `foresight` tells what is decided of consent; without
    it, nothing is.
    """
    if "stub" in letter.flags:
        return _skipped("stub")
    if has_used_id(letter):
        return _refused(SAME_ID) | {"calls": []}
    match once(planned(letter, planner, now), repeats):
        case Planned() as plan:
            return _foreseen(_come_of(plan, letter, now, foresight))
        case Skipped(rule=rule):
            return _skipped(rule)
        case Refused(refusal=refusal):
            return _refused(refusal) | {"calls": []}


def planned(letter: DeadLetter, planner: Planner, now: float) -> Plan:
    """Return what a letter's record asks for, under the keys that it had when it was buried."""
    return replace(planner, cluster=letter.cluster).plan(letter.original, now)


def has_used_id(letter: DeadLetter) -> bool:
    """Tell whether another event with the letter's id was sent: its calls would bear their key."""
    return letter.reason == SAME_ID.reason and letter.message.startswith(f"{SAME_ID.field}: ")


def _come_of(
    plan: Planned, letter: DeadLetter, now: float, foresight: Foresight | None
) -> Foreseen:
    """Return what would come of a letter, but for the calls that were delivered before."""
    delivered = {(fate.intent, fate.slot) for fate in letter.fates if fate.state == "D"}
    if foresight is not None:
        return foresight.of(plan, letter.original, now, delivered)
    return Foreseen(left(plan.calls, delivered), plan.refusal)


def _foreseen(foreseen: Foreseen) -> dict[str, Any]:
    if foreseen.skip is not None:
        return _skipped(foreseen.skip)
    refusal = foreseen.refusal
    told = _refused(refusal) if refusal is not None else {"outcome": "calls"}
    return told | {"calls": [line for call in foreseen.calls for line in told_call(call)]}


def _skipped(rule: str) -> dict[str, Any]:
    return {"outcome": "skipped", "reason": rule, "calls": []}


def _refused(refusal: Refusal) -> dict[str, Any]:
    told = {"outcome": "dead_letter", "reason": refusal.reason}
    return told | ({"field": refusal.field} if refusal.field else {})


def _fate(fate: Fate) -> Mapping[str, Any]:
    return {
        "intent": fate.intent,
        "slot": fate.slot,
        "outcome": STATES[fate.state],
        "returned": dict(fate.learned),
    }


def _event(value: bytes | None) -> Any:  # noqa: ANN401 - any JSON value
    if value is None:
        return None
    try:
        return mask(orjson.loads(value))
    except orjson.JSONDecodeError:
        return f"{len(value)} bytes that are not JSON"
