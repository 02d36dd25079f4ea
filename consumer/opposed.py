"""What consent is against right before calls are sent. Asked anew at each attempt."""

import asyncio
from collections.abc import Mapping, Sequence

from consumer.consent.admission import Admission
from consumer.consent.desk import ConsentDesk
from consumer.consent.feed import Ask
from consumer.consent.rules import Rule
from consumer.job import Errand
from esputnik.call import Action
from esputnik.outcome import Delivered, Outcome
from handlers.consents import OPT_IN

CONSENT = frozenset(  # the actions that tell opt-ins, and opt-outs by the e-mail list
    {
        Action.ADD_UNSUBSCRIBED,
        Action.REMOVE_UNSUBSCRIBED,
        Action.DETACH_CONTACTS,
        Action.SET_SUBSCRIPTIONS,
    }
)


async def opposed(
    errands: Sequence[Errand], desk: ConsentDesk, ask: Ask
) -> Mapping[Errand, Outcome]:
    """Return what becomes of opt-ins that something is against; the others may go.

    An opt-out that was to be told again is done if a newer opt-in came to be known, and an opt-in
    is left out that was taken back while it waited.
    """
    found: dict[Errand, Outcome] = {}

    async def look(errand: Errand, admission: Admission) -> None:
        against = await desk.before_opt_in(admission, errand.call, ask)
        if against is Rule.OVERTAKEN:
            errand.job.skipped = against.value
            found[errand] = Delivered(is_left_out=True)
        elif against is not None:
            found[errand] = against

    async with asyncio.TaskGroup() as tasks:
        for errand in errands:
            admission = errand.job.admission
            if errand.job.is_crossed and not desk.stands(errand.call):
                found[errand] = Delivered(is_left_out=True)
            elif admission is not None and errand.origin.intent == OPT_IN:
                tasks.create_task(look(errand, admission))
    return found
