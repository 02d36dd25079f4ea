"""A story with calls whose repeats count in it, and what must come of it whatever happens. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from consumer.deadletters.letter import DeadLetter
from esputnik.call import event_identity, idempotency_key
from tests.integration.story import Record, Story, tell

SOURCE = "/tale"
BAD = 0.06  # of the records
EVERY = 5  # one counted event after so many of the others
KINDS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "message.requested": ("message.send", {"message_id": 7}),
    "activity.recorded": ("activity.record", {"name": "seen"}),
}
IN_DOUBT = "sync.in_doubt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tale:
    """Records in order; of them `counted` by the idempotency key of their call."""

    story: Story
    records: Sequence[Record]
    counted: Mapping[str, bytes]


def tell_tale(count: int, seed: int) -> Tale:
    """Return a tale around a story of so many records."""
    story = tell(count, seed, bad=BAD)
    records: list[Record] = []
    counted: dict[str, bytes] = {}
    for number, record in enumerate(story.records):
        records.append(record)
        if number % EVERY == 0:
            key, extra = _counted(number, record)
            counted[key] = extra.value
            records.append(extra)
    return Tale(story=story, records=records, counted=counted)


def _counted(number: int, near: Record) -> tuple[str, Record]:
    event_type = list(KINDS)[number // EVERY % len(KINDS)]
    intent, data = KINDS[event_type]
    event_id = f"c{number}"
    value = orjson.dumps(
        {
            "id": event_id,
            "type": event_type,
            "source": SOURCE,
            "occurred_at": "2026-11-01T10:00:00Z",
            "data": data | {"email": f"{near.key.decode()}@example.com"},
        }
    )
    record = Record(key=near.key, value=value, headers=())
    return idempotency_key(event_identity(SOURCE, event_id), intent), record


def faults(
    tale: Tale, state: Mapping[str, Any], letters: Sequence[DeadLetter], *, lost: int = 0
) -> list[str]:
    """Return what the books hold that they must not, nothing if they balance.

    `lost` is how many kills there were: each may leave calls in doubt, no other reason may.
    """
    truth = tale.story.truth
    contacts = {one["externalCustomerId"]: one.get("firstName") for one in state["contacts"]}
    named = {who: name for who, name in contacts.items() if who in truth.first_names}
    orders = {name: order["status"] for name, order in state["orders"].items()}
    distinct = {letter.id: letter for letter in letters}.values()
    doubted = [letter for letter in distinct if letter.reason == IN_DOUBT]
    found = {
        "first names": named == truth.first_names,
        "orders": orders == truth.orders,
        "unsubscribed": set(state["unsubscribed"]) == truth.unsubscribed,
        "dead letters": _buried(distinct) == _bad(tale),
        "doubts without a kill": bool(lost) or not doubted,
    }
    return [what for what, holds in found.items() if not holds] + _miscounted(
        tale, state["executions"], doubted
    )


def _buried(letters: Any) -> Counter[Any]:
    return Counter(
        (one.original.key, one.original.value, one.original.headers, one.reason)
        for one in letters
        if one.reason != IN_DOUBT
    )


def _bad(tale: Tale) -> Counter[Any]:
    return Counter((bad.key, bad.value, bad.headers, bad.reason) for bad in tale.story.bad)


def _miscounted(
    tale: Tale, executions: Mapping[str, int], doubted: Sequence[DeadLetter]
) -> list[str]:
    """Return which counted calls ran twice, or neither ran nor are in doubt."""
    in_doubt = {letter.original.value for letter in doubted}
    twice = [key for key in tale.counted if executions.get(key, 0) > 1]
    never = [
        key
        for key, value in tale.counted.items()
        if not executions.get(key) and value not in in_doubt
    ]
    return [f"twice: {twice}"] * bool(twice) + [f"neither done nor in doubt: {never}"] * bool(never)
