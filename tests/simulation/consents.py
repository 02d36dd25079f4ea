"""I11: once an opt-out is finished its address gets nothing, until a newer opt-in says so."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from consumer.plan import Plan, Planned
from tests.simulation.history import Execution, History, Session

if TYPE_CHECKING:
    from tests.simulation.watch import Entry
    from tests.simulation.world import World

OPT_OUT = "opt_out"
SPOKEN = {OPT_OUT, "opt_in"}


class Consents:
    """Who said what last, by the times of the events. All about an address is in one partition."""

    def __init__(self) -> None:
        self._newest: dict[str, Entry] = {}

    def produced(self, entry: "Entry") -> None:
        """Take note of what somebody said; of what is said again only the first counts."""
        if entry.told.kind in SPOKEN:
            before = self._newest.get(entry.told.entity)
            if before is None or said_at(entry.plan) > said_at(before.plan):
                self._newest[entry.told.entity] = entry

    def undone(self, world: "World") -> Iterator[str]:
        """Return the addresses that were taken off the list although the newest word is out.

        By a clock that is wrong another word may be the newest.
        """
        if any(one.kind == "clock" for one in world.plan.disturbances):
            return
        listed = world.account._parts.book.unsubscribed  # noqa: SLF001 - each step asks
        for email, entry in self._newest.items():
            is_out = entry.told.kind == OPT_OUT and not entry.letters
            is_finished = world.broker.commits[entry.record.place].offset > entry.record.offset
            is_undone = is_out and is_finished and email not in listed
            if is_undone and not world.history.is_orphaned(email):
                yield email

    def overtaken(self, history: History) -> Iterator[str]:
        """Return the addresses whose opt-out passed an import and is not told again after it.

        Only whoever made the import knows that it is under way: in the same epoch.
        """
        for email, entry in self._newest.items():
            outs = history.targets["out", email]
            if entry.told.kind != OPT_OUT or not outs:
                continue
            last = max(outs, key=lambda out: out.at)
            if any(_is_passed(one, at, email, last) for one, at in history.applied):
                yield email


def _is_passed(session: Session, applied_at: float, email: str, out: Execution) -> bool:
    """Tell whether an import of an address was under way when its opt-out was told last."""
    taken = session.execution
    is_known = taken.epoch == out.epoch and not (taken.is_orphan or out.is_orphan)
    return is_known and email.encode() in session.body and taken.at < out.at < applied_at


def said_at(plan: Plan) -> float:
    """Return when what a record tells of happened, in seconds since 1970 UTC."""
    return plan.occurred_at.timestamp() if isinstance(plan, Planned) else 0.0
