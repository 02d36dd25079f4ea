"""A record's plan as a job, with what is decided of consent. Shared by `run` and `replay`."""

from consumer.consent.desk import ConsentDesk
from consumer.delivery import Delivery
from consumer.errands import DELETED
from consumer.job import Job, Owner
from consumer.plan import Planned
from handlers.consents import OPT_IN, OPT_OUT


def begin(  # noqa: PLR0913 - what decides of it
    job: Job,
    *,
    owner: Owner,
    plan: Planned,
    desk: ConsentDesk | None,
    delivery: Delivery,
    wall: float,
) -> None:
    """Take up the calls of an event, or those that are to be made instead.

    `wall` in seconds since 1970 UTC.
    """
    occurred_at = plan.occurred_at.timestamp()
    admission = desk.admit(plan, job.record, wall) if desk is not None else None
    if admission is None:
        job.begin(owner, plan, plan.calls, occurred_at)
        return
    if admission.refusal is not None and delivery.errands.awaits_deletion(
        plan.calls[0], occurred_at
    ):
        job.skipped = DELETED
    elif admission.refusal is not None:
        plan = plan._replace(refusal=admission.refusal)
    job.begin(owner, plan, admission.calls, occurred_at)
    job.admission = admission
    job.skipped = job.skipped or admission.skip


def note_end(job: Job, desk: ConsentDesk) -> None:
    """Note at once, as the last call of an event ends, what it says of consent."""
    if job.admission is not None:
        desk.delivered(job.admission, _slots(job), is_all=_is_delivered(job))


async def remembered(job: Job, desk: ConsentDesk) -> bool:
    """Return True once what an event says of consent is kept; False if calls are to be made first.

    To be asked once, when all calls of the event have ended.
    """
    admission, job.admission = job.admission, None
    if admission is None:
        return True
    again = await desk.remember(admission, _slots(job))
    if again and not job.is_abandoned:
        job.is_crossed = True
        job.go_on(again)
    return not again


def _slots(job: Job) -> frozenset[str]:
    """Return the slots of the words that eSputnik took."""
    return frozenset(
        one.origin.slot
        for one in job.errands
        if one.state == "D" and one.origin.intent in {OPT_OUT, OPT_IN}
    )


def _is_delivered(job: Job) -> bool:
    return job.verdict is None and job.skipped is None
