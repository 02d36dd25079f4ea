"""What is held back, and who may try whether it is over. Pure.

account      the key is refused (401): everything waits for a probe of the account
an action    blocked    refused by right, plan or path (403, 405, …): one of its calls tries again
             outage     it fails again and again: one of its calls tries again; where it is imports
                        that fail, until one of them has finished
             refusals   most of its calls are refused for one cause: one held call in turn tries
doubt        the first sign of an outage holds the calls whose repeats count, which never probe:
             they go on once any other call, or the probe of the account, has succeeded
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from consumer.pulse import Pulse
from consumer.refusals import Refusals
from consumer.sessions import Ending, Sessions
from esputnik.call import Action
from esputnik.outcome import Blocked, Scope

LAST_LOOK = 600.0  # s; how long a held call waits before it asks again, if nobody calls it


class Way(NamedTuple):
    """What is about to be sent: the action, and whether each execution of it counts."""

    action: Action
    counts: bool = False


class Kind(StrEnum):
    """Why something is held."""

    BLOCKED = "blocked"
    OUTAGE = "outage"
    REFUSALS = "refusals"


# Seconds until the first trial, and between trials at the most.
WAITS = {Kind.BLOCKED: (60.0, 600.0), Kind.OUTAGE: (1.0, 60.0), Kind.REFUSALS: (60.0, 60.0)}


@dataclass(slots=True, kw_only=True)
class Hold:
    """Something held since `since`; the next trial at `next_trial` (monotonic seconds).

    `is_tried` while a call is on trial. `has_sign`: something else succeeded since the last
    failure, which is what calls whose repeats count wait for. `awaits_end`: it is held until an
    import has finished; which may take long, so the next one is tried meanwhile.
    """

    kind: Kind
    cause: str
    since: float
    next_trial: float
    wait: float
    is_tried: bool = False
    awaits_end: bool = False
    has_sign: bool = False

    @classmethod
    def begin(cls, kind: Kind, cause: str, now: float, roll: float) -> "Hold":
        """Return a hold whose first trial comes after the first wait of its kind."""
        first, _ = WAITS[kind]
        wait = first * (1 + roll / 10)
        return cls(kind=kind, cause=cause, since=now, next_trial=now + wait, wait=first)

    def try_by(self, way: Way, now: float) -> float | None:
        """Begin a trial and return None, or return in how many seconds to ask again."""
        needs_sign = way.counts and self.kind is Kind.OUTAGE and not self.has_sign
        if self.is_tried or needs_sign:
            return LAST_LOOK
        if now < self.next_trial:
            return self.next_trial - now
        self.is_tried = True
        return None

    def failed(self, now: float, roll: float) -> None:
        """Put the next trial off, twice as far each time, with jitter of a tenth."""
        _, longest = WAITS[self.kind]
        self.wait = min(longest, self.wait * 2)
        self.next_trial = now + self.wait * (1 + roll / 10)
        self.is_tried = self.has_sign = False


class Gate:
    """Plain state, one owner, no lock. `waiting` counts the calls in line, by way."""

    def __init__(self, max_ratio: float = 0.5) -> None:
        self.account: Hold | None = None
        self.doubt: Hold | None = None
        self.actions: dict[Action, Hold] = {}
        self.waiting: Counter[Way] = Counter()
        self._counted: set[Action] = set()  # actions of `actions` whose repeats count
        self.sessions = Sessions()
        self._pulses: dict[Action, Pulse] = {}
        self._refusals: dict[Action, Refusals] = {}
        self._max_ratio = max_ratio

    # -- may it go? -----------------------------------------------------------------------

    def wait(self, way: Way, now: float) -> float | None:
        """Return how many seconds a call must wait before it asks again; None: it may go.

        A held action lets one call through when a trial is due; what becomes of that call must be
        told: `answered`, `failed`, `blocked` or `gave_up`.
        """
        if self.account is not None:
            return LAST_LOOK
        if way.counts and self.doubt is not None:
            return LAST_LOOK
        hold = self.actions.get(way.action)
        return hold.try_by(way, now) if hold is not None else None

    def may_still_go(self, way: Way) -> bool:
        """Tell whether what was let through a moment ago would still be."""
        hold = self.actions.get(way.action)
        is_held = hold is not None and not hold.is_tried
        return not (is_held or self.account or (way.counts and self.doubt))

    def tries_one(self, action: Action) -> bool:
        """Tell whether the call that goes now is a trial that must not take others along."""
        hold = self.actions.get(action)
        return hold is not None and hold.kind is Kind.REFUSALS

    # -- what became of it ----------------------------------------------------------------

    def blocked(self, blocked: Blocked, way: Way, now: float, roll: float) -> None:
        """Hold the account or the action; put the next trial off if this was one.

        Several requests under way may be refused at once: the first of them counts.
        """
        if blocked.scope is Scope.ACCOUNT:
            hold = Hold.begin(Kind.BLOCKED, blocked.cause, now, roll)
            self.account = self.account or hold
            self.gave_up(way.action)
        else:
            self._hold(Kind.BLOCKED, blocked.cause, way, now, roll)

    def doubted(self, cause: str, now: float, roll: float) -> None:
        """Note a sign of an outage: calls whose repeats count wait until another has succeeded."""
        if self.doubt is None:
            self.doubt = Hold.begin(Kind.OUTAGE, cause, now, roll)

    def failed(self, cause: str, way: Way, now: float, roll: float) -> None:
        """Note a request that failed by no fault of its own: a 5xx, a time-out, no answer."""
        self.doubted(cause, now, roll)
        pulse = self.pulse(way.action)
        pulse.note(now, ok=False)
        if way.counts or pulse.is_down() or way.action in self.actions:
            self._hold(Kind.OUTAGE, cause, way, now, roll)

    def answered(self, way: Way, now: float, *, succeeded: bool) -> bool:
        """Note that a call was answered, done or refused; return whether that let anything go."""
        self.pulse(way.action).note(now, ok=True)
        hold = self.actions.get(way.action)
        is_over = succeeded or (hold is not None and hold.kind is not Kind.REFUSALS)
        lets_go = hold is not None and is_over and not hold.awaits_end
        if lets_go:
            self._release(way.action)
        else:
            self.gave_up(way.action)  # answered, and none the wiser
        if succeeded and not way.counts:
            lets_go = self._all_is_well(now) or lets_go
        return lets_go

    def taken(self, way: Way, now: float, roll: float) -> bool:
        """Note that an import was taken; return whether that let anything go."""
        lets_go = self.answered(way, now, succeeded=True)
        hold = self.actions.get(way.action)
        if hold is not None:
            hold.failed(now, roll)  # one at a time until the first has finished
        return lets_go

    def imported(self, way: Way, ending: Ending, now: float, roll: float) -> bool:
        """Note how an import ended; return whether that let anything go."""
        are_down = self.sessions.note(ending)
        if not ending.cause:
            return self._lets_imports_go(way.action)
        if are_down and way.action not in self.actions:
            hold = Hold.begin(Kind.OUTAGE, ending.cause, now, roll)
            hold.awaits_end = True
            self.actions[way.action] = hold
        return False

    def explained(self, way: Way) -> bool:
        """Note that imports failed for one contact's sake; return as `imported`."""
        self.sessions.explained()
        return self._lets_imports_go(way.action)

    def refused(
        self, way: Way, calls: int, causes: dict[str, int], now: float, roll: float
    ) -> bool:
        """Count how many calls of a request were refused for which cause.

        Return whether the action is held for that now: then nothing of it is buried.
        """
        action = way.action
        known = self._refusals.setdefault(action, Refusals(self._max_ratio))
        cause = known.note(now, calls, causes)
        hold = self.actions.get(action)
        if hold is not None and hold.kind is Kind.REFUSALS:
            if causes:
                hold.failed(now, roll)
            return bool(causes)
        if cause is None:
            return False
        self.actions[action] = Hold.begin(Kind.REFUSALS, cause, now, roll)
        return True

    def gave_up(self, action: Action) -> None:
        """Note that the call on trial ended otherwise; the next one may try."""
        if action in self.actions:
            self.actions[action].is_tried = False

    def probed(self, *, ok: bool, cause: str, now: float, roll: float) -> bool:
        """Note what the probe of the account said; return whether that let anything go."""
        if ok:
            let_go = self.account is not None
            self.account = None
            return self._all_is_well(now) or let_go
        waiting = [self.account, self.doubt, *map(self.actions.__getitem__, self._counted)]
        for hold in waiting:
            if hold is not None and hold.next_trial <= now:
                hold.cause = cause
                hold.failed(now, roll)
        return False

    # -- for others -----------------------------------------------------------------------

    def next_probe(self) -> float | None:
        """Return when the account is to be probed, in monotonic seconds; None: it need not be."""
        if self.account is not None:
            return self.account.next_trial
        held = map(self.actions.__getitem__, self._counted)
        times = [one.next_trial for one in held if not (one.has_sign or one.is_tried)]
        if self.doubt is not None:
            times.append(self.doubt.next_trial)
        return min(times, default=None)

    @property
    def has_counted_waiting(self) -> bool:
        """Tell whether calls wait whose repeats count, which never probe themselves."""
        return any(count for way, count in self.waiting.items() if way.counts)

    def probe_at(self, moment: float) -> None:
        """Let a held account be probed at this moment: there is reason to think that it is well."""
        if self.account is not None:
            self.account.next_trial = moment

    def pulse(self, action: Action) -> Pulse:
        """Return how an action fares."""
        return self._pulses.setdefault(action, Pulse())

    def held(self) -> Iterator[tuple[str, Hold]]:
        """Return what is held and why, for people: `account`, or an action."""
        if self.account is not None:
            yield "account", self.account
        for action, hold in self.actions.items():
            if not self._is_idle(action, hold):
                yield action.value, hold

    def in_doubt(self) -> Hold | None:
        """Return what holds calls back that are held by nothing else, for people; if any waits."""
        waits = (way for way, count in self.waiting.items() if count and way.counts)
        return self.doubt if any(way.action not in self.actions for way in waits) else None

    def _is_idle(self, action: Action, hold: Hold) -> bool:
        """Tell whether nothing is held up: what may have run is buried, and nobody came since."""
        is_wanted = hold.is_tried or self.waiting[Way(action, counts=True)] > 0
        return action in self._counted and not is_wanted

    def is_blocked(self) -> bool:
        """Tell whether an operator is needed."""
        return self.account is not None or any(
            hold.kind is not Kind.OUTAGE for hold in self.actions.values()
        )

    # -- holding --------------------------------------------------------------------------

    def _hold(self, kind: Kind, cause: str, way: Way, now: float, roll: float) -> None:
        hold = self.actions.get(way.action)
        if hold is None or (hold.kind is not kind and hold.is_tried):
            hold = self.actions[way.action] = Hold.begin(kind, cause, now, roll)
        elif hold.is_tried:
            hold.cause = cause
            hold.failed(now, roll)
        # By what it is held for: several under way may tell different things.
        if hold.kind is not Kind.OUTAGE:
            self._counted.discard(way.action)
        elif way.counts:
            self._counted.add(way.action)

    def _lets_imports_go(self, action: Action) -> bool:
        hold = self.actions.get(action)
        if hold is None or not hold.awaits_end:
            return False
        self._release(action)
        return True

    def _release(self, action: Action) -> None:
        del self.actions[action]
        self._counted.discard(action)
        if action in self._refusals:
            self._refusals[action].forget()

    def _all_is_well(self, now: float) -> bool:
        """Let go what waited for a sign of life; return whether there was any."""
        let_go = self.doubt is not None
        self.doubt = None
        for action in self._counted:
            hold = self.actions[action]
            if not hold.has_sign and hold.next_trial <= now:
                hold.has_sign = let_go = True
        return let_go
