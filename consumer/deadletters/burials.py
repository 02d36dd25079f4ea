"""What is written on the dead letter of a record. Pure."""

from consumer.deadletters.letter import Burial
from consumer.job import Job
from consumer.operations.masking import loggable
from consumer.plan import UNKNOWN, Planned, Refused
from consumer.record import Record
from handlers.mapped import Refusal


def refused_burial(record: Record, plan: Refused) -> Burial:
    """Return the dead letter of a record that asked for nothing that could be sent."""
    return Burial(
        record=record,
        reason=plan.refusal.reason,
        field=plan.refusal.field,
        detail=plan.refusal.detail,
        event_id=plan.event_id,
        event_type=None if plan.type == UNKNOWN else loggable(plan.type),
    )


def job_burial(job: Job, plan: Planned) -> Burial:
    """Return the dead letter of an event whose calls were not all delivered."""
    if job.verdict is None:
        refusal = plan.refusal or Refusal(reason="map.handler_error")
        reason, path, detail = refusal.reason, refusal.field, refusal.detail
        call = None
    else:
        call, rejected = job.verdict
        reason, path, detail = rejected.reason, "", rejected.detail
    return Burial(
        record=job.record,
        reason=reason,
        field=path,
        detail=detail,
        event_id=plan.event_id,
        event_type=plan.type,
        action=call.action if call else None,
        key=call.key if call else None,
        fates=job.fates(),
        flags=("in-doubt",) if reason == "sync.in_doubt" else (),
    )
