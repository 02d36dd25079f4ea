"""What is held back, and who may try whether it is over.

A refused key (401) holds everything until a probe of the account succeeds. A refused action (403,
405, …) is held alone, and one of its own calls tries again. The first sign of an outage holds the
calls whose repeats count until any other call has succeeded: they never serve as the probe.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from esputnik.call import Action, Call, Repeat
from esputnik.outcome import Blocked, Scope

FIRST_TRIAL = 60.0  # s
LAST_TRIAL = 600.0  # s
FIRST_PROBE = 1.0  # s, for calls that are held by a passing fault
LAST_PROBE = 60.0  # s


@dataclass(slots=True)
class Hold:
    """Something held since `since`; the next trial at `next_trial` (monotonic seconds)."""

    cause: str
    since: float
    next_trial: float
    wait: float
    longest: float
    is_tried: bool = False

    def failed(self, now: float, roll: float) -> None:
        """Put the next trial off, twice as far each time, with jitter of a tenth."""
        self.next_trial = now + self.wait * (1 + roll / 10)
        self.wait = min(self.longest, self.wait * 2)
        self.is_tried = False


class Gate:
    """Plain state, one owner, no lock."""

    def __init__(self) -> None:
        self.account: Hold | None = None
        self.actions: dict[Action, Hold] = {}
        self.doubt: Hold | None = None

    def wait(self, call: Call, now: float) -> float | None:
        """Return how many seconds a call must wait before it asks again; None: it may go.

        A held action lets one call through when a trial is due; that call must be answered by
        `answered`, `blocked` or `gave_up`.
        """
        if self.account is not None:
            return LAST_TRIAL
        hold = self.actions.get(call.action)
        if hold is not None:
            if hold.is_tried or now < hold.next_trial:
                return max(hold.next_trial - now, FIRST_PROBE)
            hold.is_tried = True
        if call.repeat is Repeat.COUNTS and self.doubt is not None:
            return LAST_PROBE
        return None

    def blocked(self, blocked: Blocked, action: Action, now: float, roll: float) -> None:
        """Hold the account or the action; put the next trial off if this was one.

        Several requests under way may be refused at once: the first of them counts.
        """
        if blocked.scope is Scope.ACCOUNT:
            self.account = self.account or _hold(blocked.cause, now, FIRST_TRIAL, LAST_TRIAL)
            return
        hold = self.actions.get(action)
        if hold is None:
            self.actions[action] = _hold(blocked.cause, now, FIRST_TRIAL, LAST_TRIAL)
        elif hold.is_tried:
            hold.failed(now, roll)

    def doubted(self, cause: str, now: float, roll: float) -> None:
        """Note a sign of an outage: calls whose repeats count are held from now on."""
        if self.doubt is None:
            self.doubt = _hold(cause, now, FIRST_PROBE * (1 + roll), LAST_PROBE)

    def answered(self, call: Call, *, succeeded: bool) -> bool:
        """Note that a call was answered, done or refused; return whether that let anything go."""
        held = self.actions.pop(call.action, None)
        clears_doubt = succeeded and call.repeat is not Repeat.COUNTS and self.doubt is not None
        if clears_doubt:
            self.doubt = None
        return held is not None or clears_doubt

    def gave_up(self, action: Action) -> None:
        """Note that the call on trial ended otherwise; the next one may try."""
        if action in self.actions:
            self.actions[action].is_tried = False

    def probed(self, *, ok: bool, cause: str, now: float, roll: float) -> None:
        """Note what the probe of the account said."""
        if ok:
            self.account = self.doubt = None
            return
        for hold in (self.account, self.doubt):
            if hold is not None:
                hold.cause = cause
                hold.failed(now, roll)

    def next_probe(self) -> float | None:
        """Return when the account is to be probed, in monotonic seconds; None: it need not be."""
        times = [hold.next_trial for hold in (self.account, self.doubt) if hold is not None]
        return min(times, default=None)

    def held(self) -> Iterator[tuple[str, Hold]]:
        """Return what is held and why, for people: `account`, an action, or `counted calls`."""
        if self.account is not None:
            yield "account", self.account
        for action, hold in self.actions.items():
            yield action.value, hold

    @property
    def is_blocked(self) -> bool:
        """Tell whether an operator is needed."""
        return self.account is not None or bool(self.actions)


def _hold(cause: str, now: float, first: float, longest: float) -> Hold:
    return Hold(cause=cause, since=now, next_trial=now + first, wait=first, longest=longest)
