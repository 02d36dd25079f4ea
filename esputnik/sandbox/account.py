"""One account: every call of the API that this product knows, and 404 for all others. Pure."""

import base64
import random
from collections import Counter, deque
from collections.abc import Mapping
from typing import Any

import orjson

from esputnik.sandbox.calls import Handle, route
from esputnik.sandbox.contacts import Contact, Contacts
from esputnik.sandbox.faults import Fault, Faults
from esputnik.sandbox.imports import Imports
from esputnik.sandbox.limits import Limits
from esputnik.sandbox.messages import Messages
from esputnik.sandbox.orders import Orders
from esputnik.sandbox.segments import Segments
from esputnik.sandbox.sites import Sites
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import Asked, RefusedError, Told, as_json, as_text

KEPT_REQUESTS = 5000


class Account:
    """What an account holds. Plain state, one owner; time comes with each request."""

    def __init__(
        self, *, switches: Switches, seed: int = 0, faults: Mapping[str, float] | None = None
    ) -> None:
        self.switches = switches
        self.api_key = switches.api_key
        self.faults = Faults(faults or {}, seed)
        self.contacts = Contacts()
        self.segments = Segments(self.contacts, switches.static_segments, switches.unknown_segment)
        self.imports = Imports(
            self.contacts,
            self.segments,
            switches,
            random.Random(seed),  # noqa: S311 - a simulator's dice
        )
        self.orders = Orders(self.contacts, switches)
        self.messages = Messages(self.contacts, switches)
        self.sites = Sites()
        self.unsubscribed: set[str] = set()
        self.activity: list[dict[str, Any]] = []
        self.log: deque[dict[str, Any]] = deque(maxlen=KEPT_REQUESTS)
        self.counts: dict[str, Counter[str]] = {}
        self.executions: Counter[str] = Counter()
        self._limits = Limits(switches)
        self.now = 0.0
        self.fault = Fault()

    def plan(self, asked: Asked) -> Fault:
        """Return what is to go wrong with a request, before it is handled."""
        action, _, _ = route(asked)
        return self.faults.of(action, asked)

    def handle(self, asked: Asked, now: float, fault: Fault | None = None) -> Told:
        """Return the answer to a request. `now` in seconds that never go back."""
        self.now, self.fault = now, fault or Fault()
        self.imports.advance(now)
        action, call, parts = route(asked)
        try:
            told = self._checked(action, call, parts, asked, now)
        except RefusedError as refused:
            told = self._refused(refused)
        self._note(action, asked, told)
        return told

    def _checked(
        self, action: str, call: Handle | None, parts: tuple[str, ...], asked: Asked, now: float
    ) -> Told:
        self._authenticate(asked)
        if self.fault.status is not None:
            raise RefusedError(self.fault.status, self.fault.text)
        if not self._limits.admit(action, now):
            raise RefusedError(429, "Too many requests")
        if call is None:
            raise RefusedError(404, "Not found")
        if len(asked.body) > self.switches.max_body:
            raise RefusedError(413, "Request entity is too large")
        fingerprint = self._limits.check_repeat(action, asked, now)
        told = call(self, asked, parts)
        self._limits.accepted(fingerprint, now)
        if key := asked.headers.get("idempotency-key"):
            self.executions[key] += 1
        return told

    def _authenticate(self, asked: Asked) -> None:
        scheme, _, coded = asked.headers.get("authorization", "").partition(" ")
        try:
            _, _, key = base64.b64decode(coded, validate=True).decode().partition(":")
        except ValueError:
            key = ""
        if scheme.lower() != "basic" or key != self.api_key:
            raise RefusedError(401, "Unauthorized")

    def _refused(self, refused: RefusedError) -> Told:
        if refused.status == 401:  # noqa: PLR2004 - HTTP's own
            return as_json({"status": 401, "message": refused.text}, 401)
        wait = self.switches.retry_after
        is_throttle = refused.status == 429 and wait is not None  # noqa: PLR2004 - HTTP's own
        headers = {"retry-after": str(wait)} if is_throttle else {}
        told = as_text(refused.text, refused.status)
        return Told(status=told.status, body=told.body, kind=told.kind, headers=headers)

    def _note(self, action: str, asked: Asked, told: Told) -> None:
        self.counts.setdefault(action, Counter())[str(told.status)] += 1
        self.log.append(
            {
                "action": action,
                "method": asked.method,
                "path": asked.path,
                "query": dict(asked.query),
                "body": _shown(asked.body),
                "status": told.status,
                "idempotency_key": asked.headers.get("idempotency-key"),
            }
        )

    def advance(self, now: float) -> None:
        """Let time pass."""
        self.imports.advance(now)

    def state(self) -> dict[str, Any]:
        """Return what the account holds, for people and tests."""
        return {
            "contacts": [self._contact(one) for one in self.contacts.by_id.values()],
            "orders": self.orders.by_id,
            "order_events": dict(self.orders.events),
            "unsubscribed": sorted(self.unsubscribed),
            "segments": {
                str(one.id): {"name": one.name, "members": sorted(one.members)}
                for one in self.segments.by_id.values()
                if one.members
            },
            "tokens": {
                token: {"contact": one.id, **device}
                for one in self.contacts.by_id.values()
                for token, device in one.tokens.items()
            },
            "domains": self.sites.domains,
            "webpush_domains": self.sites.webpush,
            "inbox_messages": list(self.messages.inbox.values()),
            "sent": self.messages.sent,
            "events": self.messages.events,
            "past_events": self.messages.past_events,
            "sessions": {name: one.status for name, one in self.imports.sessions.items()},
            "requests": {action: dict(counts) for action, counts in self.counts.items()},
            "executions": dict(self.executions),
        }

    def _contact(self, contact: Contact) -> dict[str, Any]:
        return contact.shown() | {
            "groups": sorted(self.segments.names_of(contact.id)),
            "subscriptions": sorted(contact.subscriptions),
            "deleted": contact.is_deleted,
        }


def _shown(body: bytes) -> object:
    if not body:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode(errors="replace")
