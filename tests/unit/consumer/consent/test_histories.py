"""Any order of opt-outs, opt-ins and e-mail changes over three topics and two replicas.

The address ends opted out whenever an opt-out is the newest explicit word.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from consumer.record import Partition, Record
from esputnik.call import Action, Request
from esputnik.outcome import Answer, NoAnswer
from tests.fakes.time import run
from tests.unit.consumer.consent.office import Office, an_event, offices, unsubscribe

pytestmark = pytest.mark.timeout(60)

ANN, BOB = "ann@example.com", "bob@example.com"
TOPICS = (Partition("opt-outs", 0), Partition("web", 0), Partition("crm", 0))
SKEW, DAY = 300, 86_400
# Seconds after the beginning: together, within the skew, beyond it, beyond a day.
TIMES = (-2 * DAY, -DAY, -1000, -700, -301, -300, -1, 0)


class Said(NamedTuple):
    """An explicit word about one address, when, in which topic, and who carries it when."""

    is_out: bool
    at: int
    topic: int
    replica: int
    start: float
    delay: float
    by_user_id: bool = False

    def event(self, offset: int) -> Record:
        kind = "contact.opted_out" if self.is_out else "contact.opted_in"
        who = {"user_id": "1"} if self.by_user_id else {"email": ANN}
        return an_event(
            kind, who | {"channel": "email"}, at=self.at, place=TOPICS[self.topic], offset=offset
        )


said = st.builds(
    Said,
    is_out=st.booleans(),
    at=st.sampled_from(TIMES),
    topic=st.integers(0, 2),
    replica=st.integers(0, 1),
    start=st.sampled_from((0.0, 0.004, 0.02, 0.5)),
    delay=st.sampled_from((0.0, 0.015, 0.6)),
    by_user_id=st.booleans(),
)
histories = st.lists(said, min_size=1, max_size=7)
many = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


async def carried(pair: Sequence[Office], word: Said, offset: int) -> str:
    await asyncio.sleep(word.start)
    office = pair[word.replica]
    office.delay = word.delay
    return await office.carry(word.event(offset))


async def lived(history: Sequence[Said], *, seen_at: int | None = None) -> tuple[bool, list[str]]:
    """Carry a history; return whether the address ends opted out, and how each event ended."""
    async with offices(2) as pair:
        pair[1].replica.writer.latency = 0.05
        await pair[0].carry(an_event("user.signed_up", {"user_id": "1", "email": ANN}))
        if seen_at is not None:
            unsubscribe(pair[0].account, ANN, at=seen_at)
        ends = await asyncio.gather(
            *(carried(pair, word, offset) for offset, word in enumerate(history))
        )
        return ANN in pair[0].unsubscribed, ends


def newest(history: Sequence[Said], *, is_out: bool) -> float:
    return max((word.at for word in history if word.is_out is is_out), default=-1e12)


CROSSED = [  # the second opt-in is older than the first, so it leaves no word of its own
    Said(is_out=False, at=-700, topic=1, replica=0, start=0.0, delay=0.0),
    Said(is_out=False, at=-1000, topic=1, replica=0, start=0.5, delay=0.0),
    Said(is_out=True, at=-300, topic=0, replica=1, start=0.5, delay=0.0),
]


@many
@given(histories)
@example(CROSSED)
def test_an_address_ends_opted_out_whenever_that_is_the_newest_explicit_word(
    history: list[Said],
) -> None:
    is_out, ends = run(lived(history))

    assert set(ends) <= {"delivered", "superseded", "overtaken", "consent.stale_opt_in"}
    if newest(history, is_out=True) >= newest(history, is_out=False):
        assert is_out


@many
@given(histories, st.sampled_from(TIMES))
def test_a_link_in_a_letter_is_a_word_like_any_other(history: list[Said], seen_at: int) -> None:
    is_out, _ = run(lived(history, seen_at=seen_at))

    if max(seen_at, newest(history, is_out=True)) >= newest(history, is_out=False):
        assert is_out


@many
@given(histories, st.integers(0, 6), st.integers(0, 6))
def test_a_history_that_comes_again_in_part_ends_the_same_way(
    history: list[Said], first: int, last: int
) -> None:
    again = [word._replace(start=5.0 + word.start) for word in history[first : last + 1]]

    is_out, _ = run(lived([*history, *again]))

    if newest(history, is_out=True) >= newest(history, is_out=False):
        assert is_out


@many
@given(histories)
def test_in_order_and_at_one_replica_the_last_word_by_far_is_what_counts(
    history: list[Said],
) -> None:
    in_turn = [
        word._replace(replica=0, topic=0, at=number * (SKEW + 1) - 10_000, start=float(number))
        for number, word in enumerate(history)
    ]

    is_out, ends = run(lived(in_turn))

    assert (is_out, set(ends)) == (in_turn[-1].is_out, {"delivered"})


# -- another e-mail -------------------------------------------------------------------------------


class Step(NamedTuple):
    """A word about an address, or a change to it (`kind` is `move`)."""

    kind: str
    email: str
    at: int

    def event(self, offset: int) -> Record:
        person = {"user_id": "1", "email": self.email}
        place = TOPICS[offset % 3]
        if self.kind == "move":
            return an_event("user.updated", person, at=self.at, place=place, offset=offset)
        told = person | {"channel": "email"}
        return an_event(f"contact.opted_{self.kind}", told, at=self.at, place=place, offset=offset)


steps = st.builds(
    Step,
    kind=st.sampled_from(("out", "in", "move")),
    email=st.sampled_from((ANN, BOB)),
    at=st.sampled_from(TIMES),
)


async def walked(path: Sequence[Step]) -> list[str]:
    async with offices(2) as pair:
        for offset, step in enumerate(path):
            await pair[offset % 2].carry(step.event(offset))
            for office in pair:
                assert await office.replica.shelf.catch_up()
        return pair[0].unsubscribed


BETWEEN_TWO = [  # an opt-in of the partition that both opt-outs of Bob's lie in
    Step("out", BOB, -301),
    *(2 * [Step("out", ANN, -2 * DAY)]),
    Step("in", BOB, -300),
    *(2 * [Step("out", ANN, -2 * DAY)]),
    Step("out", BOB, -2 * DAY),
]


@many
@given(st.lists(steps, max_size=8), st.sampled_from((ANN, BOB)))
@example(BETWEEN_TWO, ANN)
def test_who_opted_out_last_of_all_stays_opted_out_at_every_e_mail_they_move_to(
    path: list[Step], last: str
) -> None:
    """The person is named by user id and e-mail: the newest word is about the person."""
    other = BOB if last == ANN else ANN
    end = [Step("out", last, 0), Step("move", other, 0)]

    assert run(walked([*path, *end])) == [ANN, BOB]


@many
@given(st.lists(steps, max_size=8), st.sampled_from((ANN, BOB)))
def test_who_opted_in_by_far_the_last_takes_no_opt_out_along(path: list[Step], last: str) -> None:
    other = BOB if last == ANN else ANN
    path = [step._replace(at=step.at - SKEW - 1) for step in path]
    before = run(walked(path))

    after = run(walked([*path, Step("in", last, 0), Step("move", other, 1)]))

    assert after == [email for email in before if email != last]


# -- words of several channels -------------------------------------------------------------------


async def crossed(first: str, *channels: str) -> list[str]:
    """Let an opt-in wait while a newer opt-out is told at another replica.

    Of one of them, `first`, the SMS part is refused; the channels are those of opt-out and opt-in.
    """
    async with offices(2) as (here, there):
        there.delay = 1.0  # between the look and the sending
        ask = here.ask

        async def slowly(request: Request) -> Answer | NoAnswer:
            if request.action is Action.FIND_CONTACT:
                await asyncio.sleep(5.0 if first == "out" else 0.0)
            return await ask(request)

        here.ask = slowly  # type: ignore[method-assign]  # the look-up of the phone takes long
        said = [{"channel": channel, "email": ANN} for channel in channels]
        out = an_event("contact.opted_out", said[0], at=-1000, place=TOPICS[0])
        opt_in = an_event("contact.opted_in", said[1], at=-5000, place=TOPICS[1])
        told = asyncio.create_task(there.carry(opt_in))
        await asyncio.sleep(0.5)
        await here.carry(out)
        await told
        return here.unsubscribed


@pytest.mark.parametrize(
    ("first", "channels"), [("out", ("all", "email")), ("in", ("email", "all"))]
)
def test_words_that_cross_are_seen_though_another_part_of_one_was_refused(
    first: str, channels: tuple[str, str]
) -> None:
    assert run(crossed(first, *channels)) == [ANN]
