"""What becomes of a batch after an attempt: the only retry rules there are. Pure.

An outage, a 429, a 5xx, a time-out, a 401 or a 403 buries nothing, with two exceptions: a call
whose repeats count and that may have run, for sent again it could reach a person twice; and an
item that alone draws a 5xx again and again while all others of its action succeed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import assert_never

from consumer.job import Errand
from esputnik.call import Action, Call, Repeat
from esputnik.outcome import Blocked, Deferred, Delivered, Outcome, Rejected

CONFLICT = 409
SERVER_ERROR = 500
IMPORT_FAILED = "import failed"  # the cause of a call whose import ended in an error
REPEATED = "repeated"  # the cause of a call held back by eSputnik's guard against repeats
REPEAT_WINDOW = 61.0  # s; eSputnik refuses an identical single-contact request within a minute
MOST_REPEATS = 3  # refusals as a repeat in a row; what is refused for longer is no repeat
FIRST_WAIT = 0.5  # s
LONGEST_WAIT = 60.0  # s
LONGEST_THROTTLED_WAIT = 300.0  # s, after five 429 in a row
PATIENT_THROTTLES = 5
HALVE_AFTER = 3  # 5xx in a row on a batch
POISON_ATTEMPTS = 8  # 5xx on one item alone
POISON_SECONDS = 1800.0
POISON_SUCCESS = 0.9  # of the action's other requests meanwhile


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How calls whose repeats count are treated when they may have run."""

    at_most_once: bool = True


@dataclass(slots=True, kw_only=True)
class Ruling:
    """What to do now: settle `done`, bury `lost`, send the others once more.

    Each of `apart` goes as a request of its own, `again` after `wait` seconds.
    """

    done: list[tuple[Errand, Delivered]] = field(default_factory=list)
    lost: list[tuple[Errand, Rejected]] = field(default_factory=list)
    apart: list[list[Errand]] = field(default_factory=list)
    again: list[Errand] = field(default_factory=list)
    wait: float = 0.0


class Suspicion(Enum):
    """What repeated server errors on the same calls mean."""

    NONE = "none"
    ONE_OF_THEM = "one of them"  # split the batch
    POISON = "poison"  # bury it


def rule(  # noqa: PLR0913 - everything the decision hangs on
    errands: Sequence[Errand],
    outcomes: Sequence[Outcome],
    *,
    attempt: int,
    roll: float,
    was_done: bool = False,
    repeats: int = 0,
    policy: Policy,
) -> Ruling:
    """Decide a batch by the outcomes of its calls.

    Args:
        errands: The calls of the batch.
        outcomes: What was said of each, in the same order.
        attempt: How often it was sent, 1 the first time.
        roll: A random number in [0, 1).
        was_done: A refusal as a repeat means that it is done: an earlier attempt of ours may have
            run, or the same request was the last about its contact.
        repeats: How many times in a row it was refused by 409 before.
        policy: How calls whose repeats count are treated.
    """
    ruling, refused = Ruling(), list[Errand]()
    if len(errands) == 1 and _may_be_import_again(errands[0], outcomes[0], repeats):
        outcomes = (Deferred(cause=REPEATED, retry_after=REPEAT_WINDOW, status=CONFLICT),)
    for errand, outcome in zip(errands, outcomes, strict=True):
        match _judged(errand, outcome, was_done=was_done, repeats=repeats, policy=policy):
            case Delivered() as delivered:
                ruling.done.append((errand, delivered))
            case Rejected(is_whole=True) if len(errands) > 1:
                refused.append(errand)
            case Rejected() as rejected:
                ruling.lost.append((errand, rejected))
            case Deferred() as deferred:
                ruling.again.append(errand)
                ruling.wait = max(ruling.wait, pause(deferred, attempt=attempt, roll=roll))
            case Blocked():
                ruling.again.append(errand)
            case _ as never:
                assert_never(never)
    ruling.apart = halves(refused)
    return ruling


def pause(deferred: Deferred, *, attempt: int, roll: float) -> float:
    """Return how many seconds to wait: what the API asked for, else full jitter that doubles."""
    if deferred.retry_after is not None:
        return deferred.retry_after * (1 + roll / 10)
    patient = deferred.is_throttle and attempt >= PATIENT_THROTTLES
    ceiling = LONGEST_THROTTLED_WAIT if patient else LONGEST_WAIT
    first = 2 * FIRST_WAIT if deferred.is_throttle else FIRST_WAIT
    return roll * min(ceiling, first * 2.0 ** min(attempt, 20))


def halves(errands: list[Errand]) -> list[list[Errand]]:
    """Return the two halves of a refused batch, order kept; of one call or none, what there is."""
    middle = (len(errands) + 1) // 2
    return [half for half in (errands[:middle], errands[middle:]) if half]


def suspicion(*, server_errors: int, seconds: float, size: int, success: float) -> Suspicion:
    """Return what server errors in a row on the same calls mean.

    Args:
        server_errors: How many there were.
        seconds: Since the first of them.
        size: How many calls the request carries.
        success: The share of the action's other requests that succeeded meanwhile.
    """
    if size > 1:  # to split it costs little, should it be an outage after all
        return Suspicion.ONE_OF_THEM if server_errors >= HALVE_AFTER else Suspicion.NONE
    is_alone = server_errors >= POISON_ATTEMPTS and success >= POISON_SUCCESS
    return Suspicion.POISON if is_alone and seconds >= POISON_SECONDS else Suspicion.NONE


def is_server_error(outcome: Outcome) -> bool:
    """Tell whether eSputnik itself failed on a call."""
    status = outcome.status if isinstance(outcome, Deferred) else None
    return status is not None and status >= SERVER_ERROR


def may_have_run(outcome: Outcome) -> bool:
    """Tell whether a call may have been done although it was not answered."""
    return isinstance(outcome, Deferred) and outcome.maybe_done


def failed_to_import(outcome: Outcome) -> bool:
    """Tell whether a call was taken, and its import ended in an error."""
    return isinstance(outcome, Deferred) and outcome.cause == IMPORT_FAILED


def is_repeat(outcome: Outcome) -> bool:
    """Tell whether eSputnik refused a call as the repeat of a request of the last minute.

    Its guard knows requests of one call alone.
    """
    return isinstance(outcome, Rejected) and outcome.status == CONFLICT and not outcome.is_whole


def is_conflict(outcome: Outcome) -> bool:
    """Tell whether eSputnik refused a request by 409, of one call or of many."""
    return isinstance(outcome, Rejected) and outcome.status == CONFLICT


def _may_be_import_again(errand: Errand, outcome: Outcome, repeats: int) -> bool:
    """Tell whether an import of one contact may have been refused as a repeat.

    No document says so of imports; waiting costs a minute, and the contact is not buried for it.
    A larger one is halved, and a half is another request. That it was done before is not believed:
    then nobody would have followed it to its end.
    """
    is_import = errand.call.shape is not None and errand.call.shape.is_import
    is_whole = isinstance(outcome, Rejected) and outcome.is_whole
    return is_import and is_whole and is_conflict(outcome) and repeats + 1 < MOST_REPEATS


def _judged(
    errand: Errand, outcome: Outcome, *, was_done: bool, repeats: int, policy: Policy
) -> Outcome:
    call = errand.call
    if is_repeat(outcome) and call.repeat is Repeat.SAFE:
        if was_done:
            return Delivered()
        if call.action is Action.ADD_CONTACT and repeats + 1 < MOST_REPEATS:
            # What can go by import does (see `Errand.by_shape`); of others only time tells.
            wait = 0.0 if call.shape is not None else REPEAT_WINDOW
            return Deferred(cause=REPEATED, retry_after=wait, status=CONFLICT)
    if isinstance(outcome, Deferred) and _is_in_doubt(call, outcome, policy):
        told = f"no answer: {outcome.cause}" if outcome.status is None else f"{outcome.status}"
        return Rejected(reason="sync.in_doubt", detail=f"{told}; it may have run")
    return outcome


def _is_in_doubt(call: Call, outcome: Deferred, policy: Policy) -> bool:
    return outcome.maybe_done and call.repeat is Repeat.COUNTS and policy.at_most_once
