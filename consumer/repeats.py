"""Recognises events that come again: producers repeat themselves, and every send reaches a person.

A repeat is the same identity, type and content. A bounded memory: what was long ago is sent again.
Pure.
"""

from enum import Enum

from consumer.plan import Plan, Planned, Refused, Skipped
from esputnik.call import Repeat
from handlers.mapped import Refusal

REMEMBERED = 50_000  # events at least, twice as many at most; some 20 MB
SAME_ID = Refusal(
    reason="schema.conflict",
    field="id",
    detail="another event with this id came before; use a unique id",
)


class Seen(Enum):
    """What is known of an event that came."""

    NEW = "new"
    REPEAT = "repeat"
    OTHER = "other"  # the same identity with other content


class Repeats:
    """The last events by identity, finished or not. Plain state, one owner.

    Those whose repeats count are remembered apart from the others.
    """

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._counting = _Generations(remembered)
        self._safe = _Generations(remembered)

    def of(self, plan: Planned) -> Seen:
        """Return what is known of an event that asks for calls, and remember it.

        One without an id of its own is always new.
        """
        if plan.event_id is None:
            return Seen.NEW
        call = plan.calls[0]
        return self.look(call.identity, content(plan), counts=call.repeat is Repeat.COUNTS)

    def look(self, identity: str, content: int, *, counts: bool) -> Seen:
        """Return what is known of an event, and remember it. `content` is a hash of all it says.

        One that counts and is another than what came first is not remembered: it is not sent, and
        what was sent must be known when it comes again.
        """
        known = self._safe.find(identity)
        if known is None:
            known = self._counting.find(identity)
        if known == content:
            return Seen.REPEAT
        if known is not None:
            if counts:
                return Seen.OTHER
            self.forget(identity)
        (self._counting if counts else self._safe).keep(identity, content)
        return Seen.NEW if known is None else Seen.OTHER

    def forget(self, identity: str) -> None:
        """Forget an event that goes to another member unfinished: it may come back."""
        self._safe.forget(identity)
        self._counting.forget(identity)

    def forget_safe(self) -> None:
        """Forget all events but those whose repeats count: any may have to be done again."""
        self._safe = _Generations(self._remembered)


def content(plan: Planned) -> int:
    """Return a hash of all that an event says, good within this process."""
    call = plan.calls[0]
    if len(plan.calls) == 1 and call.request is None:
        return hash((plan.type, call.item))
    return hash((plan.type, *((one.item, one.request) for one in plan.calls)))


def once(plan: Plan, repeats: Repeats) -> Plan:
    """Return a plan, unless one before it was of the same event, or of another with its id."""
    if not isinstance(plan, Planned) or not plan.calls:
        return plan
    seen = repeats.of(plan)
    if seen is Seen.REPEAT:
        return Skipped(rule="repeat", type=plan.type)
    if seen is Seen.OTHER and plan.calls[0].repeat is Repeat.COUNTS:
        return Refused(refusal=SAME_ID, type=plan.type, event_id=plan.event_id)
    return plan


class _Generations:
    """Two of them: when the younger is full it becomes the older, whose events are forgotten."""

    def __init__(self, remembered: int) -> None:
        self._remembered = remembered
        self._young: dict[str, int] = {}
        self._old: dict[str, int] = {}

    def find(self, identity: str) -> int | None:
        known = self._young.get(identity)
        return self._old.get(identity) if known is None else known

    def keep(self, identity: str, content: int) -> None:
        if len(self._young) >= self._remembered:
            self._old, self._young = self._young, {}
        self._young[identity] = content

    def forget(self, identity: str) -> None:
        self._young.pop(identity, None)
        self._old.pop(identity, None)
