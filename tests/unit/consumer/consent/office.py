"""Replicas with a desk each that share a topic and an account of the sandbox, in virtual time.

What the worker does with an event around the desk, and no more: one event of a replica after the
other, without batches and retries.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from consumer.consent.admission import Admission
from consumer.consent.desk import ConsentDesk
from consumer.consent.hashing import Hasher
from consumer.consent.rules import Rule
from consumer.plan import Planned, Planner
from consumer.record import Partition, Record
from esputnik.answers import learn
from esputnik.call import Call, Request
from esputnik.filling import fill_call, steps
from esputnik.outcome import Answer, NoAnswer, Rejected
from esputnik.sandbox.account import Account
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import SandboxRequest
from handlers.mapped import Options
from tests.fakes.time import START, LoopClock
from tests.fakes.topic import FakeTopic
from tests.unit.consumer.consent.given import HERE
from tests.unit.consumer.consent.replicas import Replica
from tests.unit.esputnik.sandbox.asking import basic

HASHER = Hasher("sandbox")
AUTHORIZATION = {"authorization": basic("sandbox"), "content-type": "application/json"}
OPT_IN = "consent.opt_in"
ROUTES = {"sms": {"segment": 6}, "news": {"segment": 5}}
SEGMENTS = [{"id": 5, "name": "news"}, {"id": 6, "name": "sms"}]
IMPORT_SECONDS = 10.0
HOUR = 3600.0


def an_event(  # noqa: PLR0913 - what a test may be about
    event_type: str,
    data: Mapping[str, Any],
    *,
    at: float = 0.0,
    place: Partition = HERE,
    offset: int = 0,
    timestamp: float = 0.0,
) -> Record:
    """A record of an event; times in seconds after the clock's beginning."""
    when = datetime.fromtimestamp(START + at, UTC).isoformat()
    event = {"id": f"{place}-{offset}", "type": event_type, "occurred_at": when, "data": data}
    return Record(
        place.topic,
        place.number,
        offset,
        int((START + timestamp) * 1000),
        b"k",
        orjson.dumps(event),
    )


@dataclass
class Office:
    """One replica. `delay` in seconds before each request, as batches and limits bring about."""

    replica: Replica
    account: Account
    skew: float = 300.0
    delay: float = 0.0
    down: bool = False
    sent: list[Request] = field(default_factory=list)
    asked_feed: int = 0

    def __post_init__(self) -> None:
        self.clock = LoopClock()
        self.planner = Planner(topics={}, options=Options(consent_routes=ROUTES))
        self.desk = ConsentDesk(
            memory=self.replica.memory,
            shelf=self.replica.shelf,
            hasher=HASHER,
            skew=self.skew,
            clock=self.clock,
        )
        self._turn = asyncio.Lock()

    def planned(self, record: Record) -> Planned:
        plan = self.planner.plan(record, self.clock.wall())
        assert isinstance(plan, Planned), plan
        return plan

    def admit(self, record: Record) -> Admission | None:
        return self.desk.admit(self.planned(record), record, self.clock.wall())

    async def carry(self, record: Record) -> str:
        """Carry an event to its end; return how it ended."""
        async with self._turn:
            admission = self.admit(record)
            if admission is None:
                ends = [await self._make(call, None) for call in self.planned(record).calls]
                return _worst(ends)
            if admission.refusal is not None or admission.skip is not None:
                await self.desk.remember(admission, ())
                return admission.skip or (admission.refusal.reason if admission.refusal else "")
            made = [(call, await self._make(call, admission)) for call in admission.calls]
            end = _worst([one for _, one in made])
            taken = [call for call, one in made if one == "delivered"]
            slots = {call.slot for call in taken if call.intent.startswith("consent.")}
            self.desk.delivered(admission, slots, is_all=end == "delivered")
            again = await self.desk.remember(admission, slots)
            for call in again:
                await self._send(call.alone())
            return end

    async def _make(self, call: Call, admission: Admission | None) -> str:
        learned: dict[str, str] = {}
        for lookup in steps(call)[:-1]:
            answer = await self._send(fill_call(lookup, learned).alone())
            found = learn(lookup.alone(), answer)
            if found is None:
                return "esp.not_found"
            learned |= found
        filled = fill_call(steps(call)[-1], learned)
        if admission is not None and call.lookups:
            self.desk.found(admission, filled, learned)
        if admission is not None and call.intent == OPT_IN:
            refusal = await self._before_opt_in(admission, filled)
            if refusal is not None:
                return refusal
        await asyncio.sleep(self.delay)
        answer = await self._send(filled.alone())
        if call.shape is not None and call.shape.is_import:
            await asyncio.sleep(IMPORT_SECONDS)
        return "delivered" if answer.status < 300 else f"status {answer.status}"

    async def _before_opt_in(self, admission: Admission, call: Call) -> str | None:
        while (refusal := await self.desk.before_opt_in(admission, call, self.ask)) is not None:
            if isinstance(refusal, Rejected):
                return refusal.reason
            if refusal is Rule.OVERTAKEN:
                return refusal.value
            await asyncio.sleep(1.0)
        return None

    async def _send(self, request: Request) -> Answer:
        answer = await self.ask(request)
        assert isinstance(answer, Answer)
        return answer

    async def ask(self, request: Request) -> Answer | NoAnswer:
        self.sent.append(request)
        await asyncio.sleep(0.01)
        if self.down:
            return NoAnswer(maybe_sent=False, cause="ClientConnectorError")
        told = self.account.handle(
            SandboxRequest(
                method=request.method,
                path=request.path,
                query=dict(request.query),
                body=request.body or b"",
                headers=AUTHORIZATION,
            ),
            self.clock.wall(),
        )
        return Answer(status=told.status, body=told.body)

    def asked(self, action: str) -> list[Request]:
        return [request for request in self.sent if request.action == action]

    @property
    def unsubscribed(self) -> list[str]:
        """Who gets no e-mail in bulk, as the account has it."""
        return sorted(self.account.state()["unsubscribed"])


def _worst(ends: list[str]) -> str:
    return next((end for end in ends if end != "delivered"), "delivered")


@asynccontextmanager
async def offices(count: int = 1, **given: Any) -> AsyncIterator[list[Office]]:
    """Replicas that run while the context is open, with one account and one topic."""
    switches = Switches(rate_limits=False, **given.pop("switches", {}))
    account = Account(switches=switches)
    account.use_segments(SEGMENTS)
    topic = given.pop("topic", None) or FakeTopic()
    async with AsyncExitStack() as stack:
        replicas = [Replica(topic, HASHER.fingerprint) for _ in range(count)]
        for replica in replicas:
            await stack.enter_async_context(replica.running())
        yield [Office(replica, account, **given) for replica in replicas]


def unsubscribe(account: Account, email: str, at: float) -> None:
    """Let somebody unsubscribe by a link in a letter; the time in seconds after the beginning."""
    when = datetime.fromtimestamp(START + at, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    row = {"activityStatus": "UNSUBSCRIBED", "activityDateTime": when, "email": email}
    account.happened([row])
