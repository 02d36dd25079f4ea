"""I12, I17, I21: when a replica may read, and when it may send, or must."""

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

from consumer.ports import Sender
from consumer.record import Partition, Record
from esputnik.call import Request
from esputnik.outcome import Answer, NoAnswer
from tests.fakes.schedule import this_loop
from tests.simulation.buffers import idle, overfull
from tests.simulation.optouts import OptOuts
from tests.simulation.throttles import Throttles

if TYPE_CHECKING:
    from tests.simulation.replica import Replica

Broken = Callable[[str, str], None]


def follow(replica: "Replica", broken: Broken) -> OptOuts:
    """Look at all that a replica reads and sends from now on; `broken` is told what is wrong."""
    requester: Any = replica.delivery._exchange._requester  # noqa: SLF001 - the seam lies within
    sender = requester._sender = _Sender(replica, requester._sender, broken)  # noqa: SLF001 - as above
    _follow_polls(replica, broken)
    return sender.opt_outs


def _follow_polls(replica: "Replica", broken: Broken) -> None:
    """See before each poll that of what is full nothing is read, and all else is."""
    source: Any = replica.source
    poll, hold = source.poll, source.hold
    buffer = replica.world.loaded.settings.buffer

    async def watched(max_records: int, seconds: float) -> Sequence[Record]:
        logs = replica.worker.ledger.logs
        for text in overfull(logs, source.held, buffer.max_records, buffer.max_bytes):
            broken("I17", f"{replica.name}: {text}")
        return await poll(max_records, seconds)  # type: ignore[no-any-return]  # as it is

    def held(partitions: Collection[Partition]) -> None:
        for text in idle(replica.worker.ledger.logs, partitions):
            broken("I17", f"{replica.name}: {text}")
        hold(partitions)

    source.poll, source.hold = watched, held


class _Sender:
    """A replica's way to eSputnik, of which is known what it was told there."""

    def __init__(self, replica: "Replica", sender: Sender, broken: Broken) -> None:
        self._replica = replica
        self._sender = sender
        self._broken = broken
        self._throttles = Throttles()
        self.opt_outs = OptOuts(replica, self._throttles, lambda text: broken("I12", text))

    async def exchange(self, request: Request, *, key: str | None = None) -> Answer | NoAnswer:
        if early := self._throttles.early(request, this_loop().time()):
            self._broken("I21", f"{self._replica.name} sends {request.action} {early} s too early")
        self.opt_outs.sent(request)
        answer: Answer | NoAnswer | None = None
        try:
            answer = await self._sender.exchange(request, key=key)
        finally:
            self.opt_outs.ended(request, answer)
        self._throttles.heard(request, answer, this_loop().time())
        return answer
