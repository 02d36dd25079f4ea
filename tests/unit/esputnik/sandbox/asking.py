"""Asks an account of the sandbox as a client does, with time that passes when told to."""

import base64
from dataclasses import dataclass, field
from typing import Any

import orjson

from esputnik.sandbox.account import Account
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import SandboxAnswer, SandboxRequest

START = 1_764_000_000.0  # the wall clock when a test begins, in seconds since 1970 UTC
LONG = 10.0  # s, after which every import has ended


@dataclass
class Asker:
    """A client of an account, with credentials and a clock of its own."""

    account: Account
    now: float = START
    headers: dict[str, str] = field(default_factory=lambda: {"authorization": basic("sandbox")})

    def ask(
        self, method: str, path: str, body: object = None, *, key: str = "", **query: str
    ) -> SandboxAnswer:
        raw = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        more = {"idempotency-key": key} if key else {}
        request = SandboxRequest(
            method=method, path=path, query=query, body=raw, headers=self.headers | more
        )
        return self.account.handle(request, self.now)

    def get(self, path: str, **query: str) -> SandboxAnswer:
        return self.ask("GET", path, **query)

    def post(self, path: str, body: object = None, *, key: str = "") -> SandboxAnswer:
        return self.ask("POST", path, body, key=key)

    def put(self, path: str, body: object = None) -> SandboxAnswer:
        return self.ask("PUT", path, body)

    def delete(self, path: str, **query: str) -> SandboxAnswer:
        return self.ask("DELETE", path, **query)

    def pass_time(self, seconds: float = LONG) -> None:
        self.now += seconds
        self.account.advance(self.now)

    def state(self, part: str) -> Any:
        return self.account.state()[part]

    # -- what many tests begin with ---------------------------------------------------------

    def add(self, **contact: Any) -> int:
        """Add a contact; return its id."""
        self.now += 100  # past the guard against repeats
        return int(told(self.post("/v1/contact", a_contact(**contact)))["id"])

    def start_import(self, *contacts: Any, **more: Any) -> Any:
        """Begin an import; return what is said at once."""
        body = {"contacts": list(contacts), "dedupeOn": "email"} | more
        return told(self.post("/v1/contacts", body))

    def import_all(self, *contacts: Any, **more: Any) -> Any:
        """Carry an import to its end; return its mapping."""
        session = self.start_import(*contacts, **more)["asyncSessionId"]
        self.pass_time()
        return self.status_of(session).get("mapping")

    def status_of(self, session: str) -> Any:
        return told(self.get(f"/v1/importstatus/{session}"))

    def contact(self, number: int) -> Any:
        return told(self.get(f"/v1/contact/{number}"))

    def contacts(self) -> list[Any]:
        return list(self.state("contacts"))


def an_account(*, seed: int = 0, faults: dict[str, float] | None = None, **switches: Any) -> Asker:
    """An account to ask; its rates are off unless a test is about them."""
    given = Switches(**({"rate_limits": False} | switches))
    return Asker(Account(switches=given, seed=seed, faults=faults))


def a_contact(
    email: str | None = "ann@example.com", phone: str | None = None, **more: Any
) -> dict[str, Any]:
    """A contact as a request tells it; `user_id` for its external id."""
    channels = [
        {"type": kind, "value": value}
        for kind, value in (("email", email), ("sms", phone))
        if value
    ]
    user_id = more.pop("user_id", None)
    external = {} if user_id is None else {"externalCustomerId": user_id}
    return {"channels": channels} | external | more


def an_order(**more: Any) -> dict[str, Any]:
    return {
        "externalOrderId": "o-1",
        "externalCustomerId": "u-1",
        "totalCost": 10.5,
        "status": "INITIALIZED",
        "date": "2026-03-08T09:30:00+02:00",
        "currency": "UAH",
    } | more


def basic(key: str, login: str = "api") -> str:
    return "Basic " + base64.b64encode(f"{login}:{key}".encode()).decode()


def told(answer: SandboxAnswer) -> Any:
    """The JSON of an answer of success."""
    assert 200 <= answer.status < 300, (answer.status, answer.body)
    return orjson.loads(answer.body)


def refusal(answer: SandboxAnswer) -> tuple[int, str]:
    return answer.status, answer.body.decode()


def channels_of(contact: Any, kind: str) -> list[str]:
    return [one["value"] for one in contact["channels"] if one["type"] == kind]
