"""Streams of events about a handful of people, each event stamped, so that it is found again.

A stamp is `~17~` in some text that goes out with the event. An entity is whatever has an order of
its own: a person's profile, one order, one token, one address; it stays in one partition.
"""

import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from tests.corpus import CORPUS, NOW, Entry

PEOPLE = 4  # whom all topics speak of
LONERS = 2  # of whom only profiles tell: their addresses change, or they are deleted
SEGMENTS = (1, 2)
SMS_SEGMENT = 3  # by a route: who opted out of text messages
APP = "app-1"
MARK_FIELD = 1
NAMES = ("Ann", "Bob", "Eve", "Kim", "Lys")
LARGEST_BAD = 2000  # bytes
LARGE, FEW = 40_000, 0.05  # bytes of a large record, and how many are
NAMELESS = (None, b"", b"\xff")  # keys of tombstones by which nobody can be deleted
APART = 0.001  # s between two events, at the least: what counts of their times are whole ms
SAME = -1.0
AGO = (0.0, 0.0, SAME, 7.0, 400.0)  # s before an opt-in comes that it was said, or with an opt-out
A_DAY = 24 * 3600.0  # s

TOPICS = (
    "users",
    "orders",
    "opt-outs",
    "device-tokens",
    "segments",
    "sites",
    "inbox-messages",
    "activities",
    "messages",
)
_STAMP = re.compile(rb"~(\d+)~")


@dataclass(frozen=True, slots=True, kw_only=True)
class Produce:
    """A record to be produced at `at`, in seconds.

    `stamp` is its number, the same for a repeat; `targets` what is asked for where no stamp can go
    along. `is_poison`: eSputnik refuses it. `padding`: so many blanks follow its value.
    """

    at: float
    stamp: int
    kind: str
    entity: str
    topic: str
    partition: int
    value: bytes | None
    key: bytes | None = b"k"
    headers: tuple[tuple[str, bytes | None], ...] = ()
    targets: tuple[tuple[str, ...], ...] = ()
    is_poison: bool = False
    padding: int = 0


def stamps_in(body: bytes) -> frozenset[int]:
    """Return the stamps that a request, or an answer, carries."""
    return frozenset(map(int, _STAMP.findall(body)))


def email_of(person: int | str) -> str:
    return f"canary{person}@canary.example.com"


def user_of(person: int | str) -> str:
    return f"canary-u{person}"


def token_of(person: int) -> str:
    return f"canarytoken-{person}"


def moment(at: float) -> str:
    """Return a time of the history as events write it."""
    return datetime.fromtimestamp(NOW + at, UTC).isoformat()


def is_usable(entry: Entry) -> bool:
    """Tell whether a bad record is bad by ordinary settings and any clock, and small."""
    ordinary = Entry(name=entry.name, value=entry.value)
    same = ("topic_type", "is_type_fixed", "deletes", "phone_region", "strict", "has_bug")
    is_ordinary = all(getattr(entry, name) == getattr(ordinary, name) for name in same)
    size = len(entry.value or b"") + sum(len(value or b"") for _, value in entry.headers)
    is_bad = bool(entry.reason) and not entry.reason.startswith(("map.", "consent.no_route"))
    return is_ordinary and is_bad and size < LARGEST_BAD and not is_near(entry)


def is_near(entry: Entry) -> bool:
    """Tell whether a record is refused for its time, and will not be a few hours later."""
    tomorrow = moment(A_DAY).partition("T")[0].encode()
    return entry.reason == "time.future" and tomorrow in (entry.value or b"")


BAD = tuple(filter(is_usable, CORPUS))


class Stream:
    """Draws events. What is drawn later is of a later time."""

    def __init__(
        self,
        rng: random.Random,
        partitions: Mapping[str, int],
        seconds: float,
        *,
        has_deletions: bool,
    ) -> None:
        self._rng = rng
        self._partitions = partitions
        self._seconds = seconds
        self._stamp = 0
        self._at = 0.0
        self._last: dict[tuple[str, str], Produce] = {}
        self._outs: dict[str, float] = {}  # when somebody opted out last
        self._moves = 0
        self._states: dict[str, int] = {}
        self._kinds: dict[Callable[[], Produce], int] = {
            self._signed_up: 4,
            self._updated: 8,
            self._moved: 2,
            self._deleted: int(has_deletions),
            self._order: 8,
            self._opted: 5,
            self._opted_by_route: 2,
            self._registered: 2,
            self._switched: 3,
            self._segment: 4,
            self._site: 1,
            self._inbox: 2,
            self._activity: 5,
            self._message: 5,
            self._bad: 3,
            self._tombstone: 1,
            self._nameless: 1,
        }

    def draw(self, count: int) -> Iterator[Produce]:
        """Return so many records, in the order of their times."""
        times = sorted(self._rng.uniform(0, self._seconds) for _ in range(count))
        makers, weights = list(self._kinds), list(self._kinds.values())
        for at in times:
            self._at = max(at, self._at + APART)
            again = self._again() if self._last and self._rng.random() < 0.08 else None
            made = again or self._rng.choices(makers, weights)[0]()
            self._last[made.topic, made.entity] = made
            yield made

    # -- records --------------------------------------------------------------------------

    def _again(self) -> Produce:
        """Return the last record of some entity once more: producers repeat themselves."""
        return replace(self._rng.choice(list(self._last.values())), at=self._at)

    def _made(  # noqa: PLR0913 - an event's parts
        self,
        topic: str,
        kind: str,
        entity: str,
        event_type: str,
        data: Mapping[str, Any],
        *,
        targets: Iterable[tuple[str, ...]] = (),
        is_poison: bool = False,
        said_at: float | None = None,
    ) -> Produce:
        self._stamp += 1
        text = orjson.dumps(data).replace(b"~~", f"~{self._stamp}~".encode())
        told = {
            "id": f"ev-{self._stamp}",
            "type": event_type,
            "occurred_at": moment(self._at if said_at is None else said_at),
        }
        return Produce(
            at=self._at,
            stamp=self._stamp,
            kind=kind,
            entity=entity,
            topic=topic,
            partition=self._partition(topic, entity),
            value=orjson.dumps(told | {"data": orjson.Fragment(text)}),
            targets=tuple(targets),
            is_poison=is_poison,
            padding=LARGE * (self._rng.random() < FEW),
        )

    def _partition(self, topic: str, entity: str) -> int:
        return sum(entity.encode()) % self._partitions[topic]

    def _person(self) -> int:
        return self._rng.randrange(PEOPLE)

    def _loner(self) -> int:
        return PEOPLE + self._rng.randrange(LONERS)

    # -- profiles -------------------------------------------------------------------------

    def _signed_up(self) -> Produce:
        person = self._person()
        data = {"user_id": user_of(person), "email": email_of(person)} | self._profile(nulls=False)
        return self._made("users", "upsert", user_of(person), "user.signed_up", data)

    def _updated(self) -> Produce:
        person = self._rng.choice([self._person(), self._loner()])
        data = {"user_id": user_of(person)} | self._profile(nulls=True)
        return self._made("users", "upsert", user_of(person), "user.updated", data)

    def _moved(self) -> Produce:
        person = self._loner()
        self._moves += 1
        data = {"user_id": user_of(person), "email": email_of(f"{person}m{self._moves}")}
        data |= self._profile(nulls=True)
        return self._made("users", "upsert", user_of(person), "user.updated", data)

    def _deleted(self) -> Produce:
        user_id = user_of(self._loner())
        data = {"user_id": user_id}
        targets = [("delete", user_id)]
        return self._made("users", "deletion", user_id, "user.deleted", data, targets=targets)

    def _profile(self, *, nulls: bool) -> dict[str, Any]:
        rng = self._rng
        values: dict[str, list[Any]] = {
            "first_name": [*NAMES],
            "last_name": [*NAMES],
            "language": ["uk", "en"],
            "time_zone": ["Europe/Kyiv", "Europe/Paris"],
            "address": [{"city": "Kyiv"}, {"city": "Lviv", "street": "Canarystreet 17"}],
        }
        if nulls:
            values = {name: [*some, None] for name, some in values.items()}
        chosen = rng.sample(sorted(values), rng.randint(0, 3))
        return {name: rng.choice(values[name]) for name in chosen} | {"attributes": {"mark": "~~"}}

    # -- orders ---------------------------------------------------------------------------

    def _order(self) -> Produce:
        person = self._person()
        number = f"o{person}-{self._rng.randrange(2)}"
        data = {
            "order_id": number,
            "status": self._rng.choice(["initialized", "in_progress", "delivered"]),
            "total": "10.50",
            "currency": "UAH",
            "date": moment(self._at),
            "user_id": user_of(person),
            "email": email_of(person),
            "status_description": "~~",
        }
        is_poison = self._rng.random() < 0.05
        return self._made("orders", "order", number, "order.changed", data, is_poison=is_poison)

    # -- consents -------------------------------------------------------------------------

    def _opted(self) -> Produce:
        email = email_of(self._person())
        data = {"channel": "email", "email": email}
        kind, verb = ("opt_out", "out") if self._rng.random() < 0.6 else ("opt_in", "in")
        return self._made(
            "opt-outs",
            kind,
            email,
            f"contact.opted_{verb}",
            data,
            targets=[(verb, email)],
            said_at=self._said_at(verb, email),
        )

    def _said_at(self, verb: str, email: str) -> float:
        """Return when a word was said: opt-ins may come late, or be as old as the last opt-out."""
        if verb == "out":
            self._outs[email] = self._at
            return self._at
        ago = self._rng.choice(AGO)
        return self._outs.get(email, self._at) if ago == SAME else self._at - ago

    def _opted_by_route(self) -> Produce:
        user_id = user_of(self._person())
        data = {"channel": "sms", "user_id": user_id}
        name, verb = self._rng.choice([("opted_out", "attach"), ("opted_in", "detach")])
        target = (verb, str(SMS_SEGMENT), user_id)
        return self._made(
            "opt-outs", "segment", f"sms {user_id}", f"contact.{name}", data, targets=[target]
        )

    # -- devices, segments, sites ---------------------------------------------------------

    def _registered(self) -> Produce:
        person = self._person()
        data = {"app_id": APP, "token": token_of(person), "user_id": user_of(person)}
        data["device_model"] = "~~"
        return self._made(
            "device-tokens", "register", token_of(person), "device_token.registered", data
        )

    def _switched(self) -> Produce:
        token, active = token_of(self._person()), self._rng.random() < 0.5
        data = {"app_id": APP, "token": token, "active": active}
        targets = [("token", token, str(active))]
        return self._made(
            "device-tokens", "token", token, "device_token.changed", data, targets=targets
        )

    def _segment(self) -> Produce:
        people = self._rng.sample(range(PEOPLE), self._rng.randint(1, PEOPLE))
        segment = self._rng.choice(SEGMENTS)
        name, verb = self._rng.choice([("joined", "attach"), ("left", "detach")])
        data = {"segment_id": segment, "user_ids": [user_of(person) for person in people]}
        targets = [(verb, str(segment), user_of(person)) for person in people]
        entity = f"segment {segment}"
        return self._made("segments", "segment", entity, f"segment.{name}", data, targets=targets)

    def _site(self) -> Produce:
        domain = "shop.example.com"  # an account has one
        targets = [("site", domain)]
        return self._made(
            "sites", "site", domain, "site.registered", {"domain": domain}, targets=targets
        )

    # -- what counts ----------------------------------------------------------------------

    def _inbox(self) -> Produce:
        data: dict[str, Any] = {"name": "news", "title": "~~", "text": "canary text"}
        if self._rng.random() < 0.5:
            data |= {"translations": {"uk": {"title": "Канарка", "text": "x"}}}
        entity = f"inbox {self._stamp + 1}"
        return self._made("inbox-messages", "inbox", entity, "inbox_message.published", data)

    def _activity(self) -> Produce:
        person = self._person()
        data = {"name": "lesson", "user_id": user_of(person), "params": {"mark": "~~"}}
        return self._made("activities", "activity", user_of(person), "activity.recorded", data)

    def _message(self) -> Produce:
        person = self._person()
        data = {"message_id": 5, "email": email_of(person), "params": {"mark": "~~"}}
        is_poison = self._rng.random() < 0.05
        return self._made(
            "messages", "message", email_of(person), "message.requested", data, is_poison=is_poison
        )

    # -- what asks for nothing good -------------------------------------------------------

    def _bad(self) -> Produce:
        entry = self._rng.choice(BAD)
        value = entry.value or b""
        if entry.is_told:  # else it might be taken for the repeat of another
            for known in (b'"e1"', b'"e2"'):
                value = value.replace(
                    known, f'"bad-{self._stamp + 1}{known[2:3].decode()}"'.encode()
                )
        return self._plain("bad", value, entry.key, entry.headers, self._rng.choice(TOPICS))

    def _tombstone(self) -> Produce:
        return self._plain("tombstone", None, b"k", (), self._rng.choice(TOPICS[1:]))

    def _nameless(self) -> Produce:
        """Return a record without a value that is buried: it is to delete nobody knows whom."""
        return self._plain("bad", None, self._rng.choice(NAMELESS), (), TOPICS[0])

    def _plain(
        self,
        kind: str,
        value: bytes | None,
        key: bytes | None,
        headers: tuple[tuple[str, bytes | None], ...],
        topic: str,
    ) -> Produce:
        self._stamp += 1
        entity = f"{kind} {self._stamp}"
        return Produce(
            at=self._at,
            stamp=self._stamp,
            kind=kind,
            entity=entity,
            topic=topic,
            partition=self._partition(topic, entity),
            value=value,
            key=key,
            headers=headers,
        )
