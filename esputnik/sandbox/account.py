"""One account: who answers what, and what stands before every answer. Pure.

In this order: authentication, rights, planned faults, rates, size, form of the body, repeats.
"""

import base64
import binascii
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

import orjson

from esputnik.sandbox.book import Book
from esputnik.sandbox.consents import Consents
from esputnik.sandbox.contacts import Contacts
from esputnik.sandbox.events import Events
from esputnik.sandbox.faults import Effect, Faults
from esputnik.sandbox.general import General
from esputnik.sandbox.imports import Imports
from esputnik.sandbox.limits import Limits
from esputnik.sandbox.merging import Merger
from esputnik.sandbox.messages import Messages
from esputnik.sandbox.orders import Orders
from esputnik.sandbox.routes import Way, way_of
from esputnik.sandbox.segments import Segments
from esputnik.sandbox.sites import Sites, Tokens
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import (
    Asked,
    Object,
    RefusedError,
    SandboxAnswer,
    SandboxRequest,
    json_answer,
    text_answer,
)

KEPT_REQUESTS = 5000
UNKNOWN = "unknown"
# The calls that refuse the same request within a minute.
# Source: the 409 of docs.yespo.io/reference/addcontact-1, updatecontact-1 and subscribecontact-1.
GUARDED = frozenset({"add-contact", "update-contact", "subscribe-contact"})

Handle = Callable[[Asked], SandboxAnswer]


class Account:
    """What an account holds. Plain state, one owner; time comes along with each request.

    `now` is in seconds since 1970 UTC and never goes back.
    """

    def __init__(
        self,
        *,
        switches: Switches | None = None,
        seed: int = 0,
        faults: Mapping[str, float] | None = None,
    ) -> None:
        self.switches = switches or Switches()
        self.faults = Faults(faults or {}, seed)
        self._seed = seed
        self._api_key = self.switches.api_key
        self._log: deque[dict[str, Any]] = deque(maxlen=KEPT_REQUESTS)
        self._segments_given: list[Object] | None = None
        self._begin()

    def _begin(self) -> None:
        """Make an empty account."""
        switches, seed = self.switches, self._seed
        self._limits = Limits(switches.limits)
        self._repeats: dict[bytes, float] = {}
        self._counts: dict[str, Counter[str]] = {}
        self._executions: Counter[str] = Counter()
        self._book = Book()
        self._segments = Segments(self._book, switches)
        self._tokens = Tokens(self._book, switches)
        self._contacts = Contacts(self._book, self._segments, self._tokens, switches)
        self._events = Events(self._book, switches)
        self._consents = Consents(
            self._book, self._contacts, self._segments, self._events, switches
        )
        raised = self._events.raised
        merger = Merger(self._book, self._contacts, self._segments, switches, raised)
        self._imports = Imports(merger, lambda: self._contacts.fields, switches, seed)
        self._orders = Orders(self._book, self._contacts, switches, raised)
        self._sites = Sites(switches, seed)
        self._messages = Messages(self._book, self._contacts, switches, seed)
        self._handles = self._table(General(self._contacts, seed))

    def _table(self, general: General) -> Mapping[str, Handle]:
        return {
            "add-contact": self._contacts.add,
            "update-contact": self._contacts.update,
            "get-contact": self._contacts.get,
            "delete-contact": self._contacts.delete,
            "find-contact": self._contacts.search,
            "subscribe-contact": self._consents.subscribe,
            "bulk-contacts": self._imports.start,
            "import-status": self._imports.status,
            "add-unsubscribed": self._consents.add_unsubscribed,
            "remove-unsubscribed": self._consents.remove_unsubscribed,
            "list-subscriptions": self._consents.categories,
            "get-subscriptions": self._consents.get_subscriptions,
            "set-subscriptions": self._consents.set_subscriptions,
            "contact-activity": self._consents.feed,
            "list-segments": self._segments.listed,
            "list-members": self._segments.members,
            "attach-contacts": self._segments.attach,
            "detach-contacts": self._segments.detach,
            "add-orders": self._orders.add,
            "delete-orders": self._orders.delete,
            "token-activity": self._tokens.set_active,
            "get-token-activity": self._tokens.get_active,
            "token-owner": self._tokens.owner,
            "add-domain": self._sites.add_domain,
            "list-domains": self._sites.domains,
            "site-script": self._sites.script,
            "add-webpush-domain": self._sites.add_webpush,
            "add-webpush-domains": self._sites.add_webpush_list,
            "list-webpush-domains": self._sites.webpush_domains,
            "delete-webpush-domain": self._sites.delete_webpush,
            "create-inbox-message": self._messages.create,
            "list-inbox-messages": self._messages.listed,
            "get-inbox-message": self._messages.get,
            "update-inbox-message": self._messages.update,
            "delete-inbox-message": self._messages.delete,
            "translate-inbox-message": self._messages.translate,
            "untranslate-inbox-message": self._messages.untranslate,
            "send-message": self._messages.send,
            "generate-event-v1": self._events.generate,
            "generate-event": self._events.generate,
            "past-events-v1": self._events.add_past,
            "past-events": self._events.add_past,
            "account-info": general.info,
            "create-token": general.token,
            "list-fields": general.address_books,
        }

    # -- a request --------------------------------------------------------------------------

    def handle(self, request: SandboxRequest, now: float) -> SandboxAnswer:
        """Return the answer to a request, and do what it asks."""
        self.advance(now)
        way = way_of(request.method, request.path)
        action = way.action if way is not None else UNKNOWN
        effect = self.faults.befall(action, request.path, request.body)
        if effect.reset == "before":
            return SandboxAnswer(delay=effect.delay, is_dropped=True)
        try:
            answer = self._answer(way, request, effect, now)
        except RefusedError as refused:
            answer = self._refusal(refused)
        self._note(action, request, answer)
        return replace(answer, delay=effect.delay, is_dropped=effect.reset == "after")

    def advance(self, now: float) -> None:
        """Let time pass: imports go on."""
        self._imports.advance(now)

    def _answer(
        self, way: Way | None, request: SandboxRequest, effect: Effect, now: float
    ) -> SandboxAnswer:
        self._authenticate(request)
        if way is None:
            raise RefusedError("Not found", 404)
        if way.action in self.switches.forbidden:
            raise RefusedError("Forbidden", 403)
        if effect.status is not None:
            return text_answer(effect.text, effect.status, effect.headers)
        self._admit(way.action, request, now)
        asked = _asked(way, request, effect, now)
        fingerprint = self._unrepeated(way.action, request, now)
        answer = self._handles[way.action](asked)
        if fingerprint is not None:
            self._repeats[fingerprint] = now
        if key := request.headers.get("idempotency-key"):
            self._executions[key] += 1
        return answer

    def _authenticate(self, request: SandboxRequest) -> None:
        scheme, _, coded = request.headers.get("authorization", "").partition(" ")
        try:
            _, _, key = base64.b64decode(coded, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            key = ""
        if scheme.lower() != "basic" or key != self._api_key:
            raise RefusedError("Unauthorized", 401)

    def _admit(self, action: str, request: SandboxRequest, now: float) -> None:
        if not self._limits.admits(action, now) and self.switches.rate_limits:
            raise RefusedError("Too many requests", 429)
        if len(request.body) > self.switches.max_body_bytes:
            raise RefusedError("Request entity is too large", 413)
        kind = request.headers.get("content-type", "application/json")
        if request.body and not kind.lower().startswith("application/json"):
            raise RefusedError("Unsupported media type", 415)

    def _unrepeated(self, action: str, request: SandboxRequest, now: float) -> bytes | None:
        """Return the fingerprint of a guarded request; 409 for one that was taken a moment ago."""
        if action not in GUARDED:
            return None
        oldest = now - self.switches.repeat_seconds
        self._repeats = {mark: at for mark, at in self._repeats.items() if at > oldest}
        text = b"\0".join(
            (request.method.encode(), request.path.encode(), _canonical(request.body))
        )
        fingerprint = sha256(text).digest()
        if fingerprint in self._repeats:
            raise RefusedError("Duplicated request", 409)
        return fingerprint

    def _refusal(self, refused: RefusedError) -> SandboxAnswer:
        if refused.status == 401:  # noqa: PLR2004 - HTTP's own
            return json_answer({"status": 401, "message": refused.text}, 401)
        wait = self.switches.retry_after
        is_throttle = refused.status == 429 and wait is not None  # noqa: PLR2004 - HTTP's own
        headers = {"Retry-After": str(wait)} if is_throttle else {}
        return text_answer(refused.text, refused.status, headers)

    def _note(self, action: str, request: SandboxRequest, answer: SandboxAnswer) -> None:
        self._counts.setdefault(action, Counter())[str(answer.status)] += 1
        self._log.append(
            {
                "action": action,
                "method": request.method,
                "path": request.path,
                "query": dict(request.query),
                "body": _shown(request.body),
                "status": answer.status,
                "idempotency_key": request.headers.get("idempotency-key"),
            }
        )

    # -- from outside -----------------------------------------------------------------------

    def use_key(self, api_key: str) -> None:
        """Take this API key alone from now on."""
        self._api_key = api_key

    def use_segments(self, given: Iterable[Object]) -> None:
        """Make these the segments there are: id, name, and `Static` or another type."""
        self._segments_given = list(given)
        self._segments.replace(self._segments_given)

    def happened(self, rows: Iterable[Object]) -> None:
        """Take rows of the activity feed: what people did at eSputnik itself."""
        self._consents.happened(rows)

    def reset(self) -> None:
        """Forget all that the account holds; keep the key, the segments and the faults."""
        self._log.clear()
        self._begin()
        if self._segments_given is not None:
            self._segments.replace(self._segments_given)

    @property
    def requests(self) -> list[dict[str, Any]]:
        """Return the last requests, the oldest first."""
        return list(self._log)

    def state(self) -> dict[str, Any]:
        """Return what the account holds."""
        return {
            "contacts": self._contacts.state(),
            "orders": self._orders.held,
            "events_raised": dict(self._events.counts),
            "unsubscribed": sorted(self._consents.unsubscribed),
            "segments": self._segments.state(),
            "tokens": self._tokens.state(),
            "domain": self._sites.domain,
            "webpush_domains": list(self._sites.webpush.values()),
            "inbox_messages": list(self._messages.inbox.values()),
            "sent": self._messages.sent,
            "events": self._events.sent,
            "past_events": self._events.past,
            "imports": self._imports.state(),
            "requests": {action: dict(counts) for action, counts in self._counts.items()},
            "executions": dict(self._executions),
        }


def _asked(way: Way, request: SandboxRequest, effect: Effect, now: float) -> Asked:
    return Asked(
        now=now,
        parts=way.parts,
        query=request.query,
        body=_parsed(request.body),
        size=len(request.body),
        item_errors=effect.item_errors,
        import_fate=effect.import_fate,
    )


def _parsed(body: bytes) -> object:
    if not body:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise RefusedError("The request body is not JSON") from None


def _canonical(body: bytes) -> bytes:
    return orjson.dumps(_parsed(body), option=orjson.OPT_SORT_KEYS)


def _shown(body: bytes) -> object:
    try:
        return orjson.loads(body) if body else None
    except orjson.JSONDecodeError:
        return body.decode(errors="replace")
