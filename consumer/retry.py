"""What becomes of a batch after an attempt: the only retry rules there are.

An outage, a 429, a 5xx, a time-out, a 401 or a 403 buries nothing. The one exception is a call
whose repeats count and that may have run: sent again it could reach a person twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from consumer.batcher import HasCall
from esputnik.call import Repeat
from esputnik.outcome import Blocked, Deferred, Delivered, Outcome, Rejected

T = TypeVar("T", bound=HasCall)

CONFLICT = 409
REPEATED = "repeated"  # the cause of a call held back by eSputnik's guard against repeats
REPEAT_WINDOW = 61.0  # s; eSputnik refuses an identical single-contact request within a minute
FIRST_WAIT = 0.5  # s
LONGEST_WAIT = 60.0  # s
LONGEST_THROTTLED_WAIT = 300.0  # s, after five 429 in a row
PATIENT_THROTTLES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How calls whose repeats count are treated when they may have run."""

    at_most_once: bool = True


@dataclass(slots=True, kw_only=True)
class Ruling(Generic[T]):
    """What to do now: settle `done`, bury `lost`, send each of `parts` again after `wait` s."""

    done: list[tuple[T, Delivered]] = field(default_factory=list)
    lost: list[tuple[T, Rejected]] = field(default_factory=list)
    parts: list[list[T]] = field(default_factory=list)
    wait: float = 0.0
    blocked: Blocked | None = None


def rule(  # noqa: PLR0913 - everything the decision hangs on
    items: Sequence[T],
    outcomes: Sequence[Outcome],
    *,
    attempt: int,
    roll: float,
    unanswered: bool = False,
    policy: Policy,
) -> Ruling[T]:
    """Decide a batch by the outcomes of its calls.

    Args:
        items: The calls of the batch.
        outcomes: What was said of each, in the same order.
        attempt: How often it was sent, 1 the first time.
        roll: A random number in [0, 1).
        unanswered: An earlier attempt of ours ended without an answer and may have run.
        policy: How calls whose repeats count are treated.
    """
    ruling: Ruling[T] = Ruling()
    refused: list[T] = []
    again: list[T] = []
    for item, outcome in zip(items, outcomes, strict=True):
        match _judged(item, outcome, unanswered=unanswered, policy=policy):
            case Delivered() as delivered:
                ruling.done.append((item, delivered))
            case Rejected(is_whole=True) if len(items) > 1:
                refused.append(item)
            case Rejected() as rejected:
                ruling.lost.append((item, rejected))
            case Deferred() as deferred:
                again.append(item)
                ruling.wait = max(ruling.wait, pause(deferred, attempt=attempt, roll=roll))
            case Blocked() as blocked:
                again.append(item)
                ruling.blocked = blocked
    ruling.parts.extend(halves(refused))
    if again:
        ruling.parts.append(again)
    return ruling


def pause(deferred: Deferred, *, attempt: int, roll: float) -> float:
    """Return how many seconds to wait: what the API asked for, else full jitter that doubles."""
    if deferred.retry_after is not None:
        return deferred.retry_after * (1 + roll / 10)
    patient = deferred.is_throttle and attempt >= PATIENT_THROTTLES
    ceiling = LONGEST_THROTTLED_WAIT if patient else LONGEST_WAIT
    first = 2 * FIRST_WAIT if deferred.is_throttle else FIRST_WAIT
    return roll * min(ceiling, first * 2.0 ** min(attempt, 20))


def halves(items: list[T]) -> list[list[T]]:
    """Return the two halves of a refused batch, order kept; of one call or none, what there is."""
    middle = (len(items) + 1) // 2
    return [half for half in (items[:middle], items[middle:]) if half]


def _judged(item: HasCall, outcome: Outcome, *, unanswered: bool, policy: Policy) -> Outcome:
    call = item.call
    match outcome:
        case Rejected(status=status) if status == CONFLICT and call.repeat is Repeat.SAFE:
            # "Repeated within a minute": ours, if an attempt of ours went unanswered; else an
            # equal call came before it. What can go by import does (see `Errand.go_otherwise`);
            # of others only time tells them apart.
            if unanswered:
                return Delivered()
            wait = 0.0 if call.shape is not None else REPEAT_WINDOW
            return Deferred(cause=REPEATED, retry_after=wait, status=status)
        case Deferred(maybe_done=True) if call.repeat is Repeat.COUNTS and policy.at_most_once:
            return Rejected(
                reason="sync.in_doubt", detail=f"no answer: {outcome.cause}", status=outcome.status
            )
        case _:
            return outcome
