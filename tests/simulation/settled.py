"""I22: what a replica counts as delivered was executed, whatever was cancelled."""

from typing import TYPE_CHECKING

from consumer.job import Job

if TYPE_CHECKING:
    from tests.simulation.replica import Replica


def watch_settled(replica: "Replica") -> None:
    """Look at every record as it is settled."""
    world, ledger = replica.world, replica.worker.ledger
    settle = ledger.settle

    def watched(job: Job) -> bool:
        is_first = settle(job)
        if is_first and _is_delivered(job):
            world.history.look(world.network.now)
            entry = world.watch.entries[job.record.place, job.record.offset]
            if not world.watch.is_finished(entry):
                place = f"{job.record.topic}@{job.record.offset}"
                world.watch.broken("I22", f"{replica.name} has not delivered {place}")
        return is_first

    ledger.settle = watched  # type: ignore[method-assign]  # the seam lies within


def _is_delivered(job: Job) -> bool:
    is_refused = job.verdict is not None or job.skipped is not None
    return job.plan is not None and job.plan.refusal is None and not is_refused
