"""Mixed events about many people on one topic, and what must come of them. Pure, seeded.

Each record is keyed by its person, so that a person's events keep their order in one partition.
"""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

BEGAN = datetime(2026, 11, 1, 10, tzinfo=UTC)
REFUSED = "REFUSED"  # in the ids of orders that the sandbox is told to refuse


@dataclass(slots=True, kw_only=True)
class Record:
    """What goes to Kafka; `reason` for what belongs among the dead letters."""

    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes | None], ...]
    reason: str | None = None


@dataclass(slots=True, kw_only=True)
class Truth:
    """What the account must hold in the end."""

    first_names: dict[str, str] = field(default_factory=dict)
    orders: dict[str, str] = field(default_factory=dict)
    unsubscribed: set[str] = field(default_factory=set)


@dataclass(slots=True, kw_only=True)
class Story:
    """The records in the order in which they happened."""

    records: list[Record] = field(default_factory=list)
    truth: Truth = field(default_factory=Truth)

    @property
    def bad(self) -> list[Record]:
        return [record for record in self.records if record.reason is not None]


def tell(count: int, seed: int, bad: float = 0.02) -> Story:
    """Return a story of `count` records, a share of them bad."""
    rng = random.Random(seed)  # noqa: S311 - to be told again by its seed
    story = Story()
    signed_up = max(1, count // 8)
    for number in range(count):
        if number < signed_up:
            _sign_up(story, number)
        elif rng.random() < bad:
            _bad(story, rng, number, rng.randrange(signed_up))
        else:
            rng.choices([_update, _order, _consent], weights=[40, 50, 10])[0](
                story, rng, number, rng.randrange(signed_up)
            )
    return story


def _sign_up(story: Story, person: int) -> None:
    name = _name(person)
    story.truth.first_names[f"u{person}"] = name
    data = {"user_id": f"u{person}", "email": f"u{person}@example.com", "first_name": name}
    _add(story, person, _event(f"s{person}", "user.signed_up", data))


def _update(story: Story, rng: random.Random, number: int, person: int) -> None:
    name = _name(rng.randrange(10_000))
    story.truth.first_names[f"u{person}"] = name
    data = {"user_id": f"u{person}", "first_name": name}
    _add(story, person, _event(f"e{number}", "user.updated", data))


def _order(story: Story, rng: random.Random, number: int, person: int) -> None:
    order, status = f"o{person}-{rng.randrange(3)}", rng.choice(["initialized", "delivered"])
    story.truth.orders[order] = status.upper()
    _add(story, person, _event(f"e{number}", "order.changed", _order_data(order, status, person)))


def _consent(story: Story, rng: random.Random, number: int, person: int) -> None:
    email, is_out = f"u{person}@example.com", rng.random() < 0.6
    (story.truth.unsubscribed.add if is_out else story.truth.unsubscribed.discard)(email)
    event_type = "contact.opted_out" if is_out else "contact.opted_in"
    data = {"channel": "email", "email": email}
    _add(story, person, _event(f"e{number}", event_type, data))


def _bad(story: Story, rng: random.Random, number: int, person: int) -> None:
    order = _event(f"b{number}", "order.changed", _order_data(f"b{number}", "delivered", person))
    kinds = {
        "decode.json_syntax": orjson.dumps(order)[:-9],
        "schema.missing": orjson.dumps(
            order | {"data": {k: v for k, v in order["data"].items() if k != "total"}}
        ),
        "schema.type_unknown": orjson.dumps(order | {"type": "order.eaten"}),
        "esp.partial_item": orjson.dumps(
            order | {"data": _order_data(f"{REFUSED}-{number}", "delivered", person)}
        ),
    }
    reason = rng.choice(list(kinds))
    _put(story, person, kinds[reason], reason)


def _order_data(order: str, status: str, person: int) -> dict[str, Any]:
    return {
        "order_id": order,
        "status": status,
        "total": "10.00",
        "currency": "UAH",
        "date": "2026-11-01T10:00:00Z",
        "user_id": f"u{person}",
    }


def _event(event_id: str, event_type: str, data: dict[str, Any]) -> dict[str, Any]:
    """An envelope. The number in its id is its place in the story: a second each."""
    at = BEGAN + timedelta(seconds=int(event_id[1:]))
    return {
        "id": event_id,
        "type": event_type,
        "source": "/story",
        "occurred_at": at.isoformat(),
        "data": data,
    }


def _name(number: int) -> str:
    """A name of letters alone, as eSputnik wants it."""
    return "N" + "".join(chr(ord("a") + int(digit)) for digit in str(number))


def _add(story: Story, person: int, event: dict[str, Any]) -> None:
    _put(story, person, orjson.dumps(event), None)


def _put(story: Story, person: int, value: bytes, reason: str | None) -> None:
    headers: tuple[tuple[str, bytes | None], ...] = (("trace", b"\x00\xff"), ("empty", None))
    record = Record(key=f"u{person}".encode(), value=value, headers=headers, reason=reason)
    story.records.append(record)
