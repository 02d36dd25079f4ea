"""One intention for eSputnik, unsent: what to ask, about whom, under which key.

Request    one HTTP exchange, complete but for values in braces
Shape      what all the items of one bulk request have in common
Call       one intention of one event: a request of its own, or an item of a bulk one
"""

from base64 import b32encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from urllib.parse import quote, urlencode

KEY_BYTES = 25  # of the digest: 40 letters of base 32


class Action(StrEnum):
    """The calls this client knows, by the names users see."""

    ADD_CONTACT = "add-contact"
    BULK_CONTACTS = "bulk-contacts"
    IMPORT_STATUS = "import-status"
    DELETE_CONTACT = "delete-contact"
    FIND_CONTACT = "find-contact"
    ADD_ORDERS = "add-orders"
    ADD_UNSUBSCRIBED = "add-unsubscribed"
    REMOVE_UNSUBSCRIBED = "remove-unsubscribed"
    ATTACH_CONTACTS = "attach-contacts"
    DETACH_CONTACTS = "detach-contacts"
    GET_SUBSCRIPTIONS = "get-subscriptions"
    SET_SUBSCRIPTIONS = "set-subscriptions"
    CONTACT_ACTIVITY = "contact-activity"
    TOKEN_ACTIVITY = "token-activity"  # noqa: S105 - an action's name
    ADD_DOMAIN = "add-domain"
    ADD_WEBPUSH_DOMAIN = "add-webpush-domain"
    LIST_WEBPUSH_DOMAINS = "list-webpush-domains"
    CREATE_INBOX_MESSAGE = "create-inbox-message"
    TRANSLATE_INBOX_MESSAGE = "translate-inbox-message"
    GENERATE_EVENT = "generate-event"
    PAST_EVENTS = "past-events"
    SEND_MESSAGE = "send-message"
    CREATE_TOKEN = "create-token"  # noqa: S105 - an action's name
    ACCOUNT_INFO = "account-info"
    LIST_FIELDS = "list-fields"
    LIST_SEGMENTS = "list-segments"


class Repeat(StrEnum):
    """What a second execution of a call would do."""

    SAFE = "A"  # the same final state
    KEYED = "B"  # eSputnik knows it by an id of ours
    COUNTS = "C"  # each execution counts: sends, events, new messages


class Quota(StrEnum):
    """The limits a request counts against. Source: docs.yespo.io/reference/rate-limits."""

    DEFAULT = "default"
    SEARCH = "search"
    EVENT = "event"
    PAST_EVENT = "past_event"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP exchange.

    `path` starts at `/v1` or `/v2`, its segments percent-encoded. A value that is only known
    while sending stands in braces, in the path or as a whole JSON string of the body.
    """

    action: Action
    method: str
    path: str = field(repr=False)  # it may hold a token, the query and the body anything
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes | None = field(default=None, repr=False)
    quota: Quota = Quota.DEFAULT

    @property
    def target(self) -> str:
        """Return path and query as they are sent."""
        query = urlencode(self.query, quote_via=quote)
        return f"{self.path}?{query}" if query else self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What all the items of one bulk request have in common: those of one shape may go together.

    The body is `head`, the items joined by commas, `tail`. `max_items` is the API's own limit.
    `is_import` marks the one action that eSputnik applies later: done when its session is.
    """

    action: Action
    path: str
    head: bytes
    tail: bytes
    max_items: int
    is_import: bool = False
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Hash it once: every call is looked up by its shape."""
        what = (self.action, self.path, self.head, self.tail)
        object.__setattr__(self, "_hash", hash(what))

    def __hash__(self) -> int:
        return self._hash

    def request(self, items: Sequence[bytes]) -> Request:
        """Return the request that carries these items, at least one and at most `max_items`."""
        if not 1 <= len(items) <= self.max_items:
            raise ValueError(f"{self.action} carries 1 to {self.max_items} items, not {len(items)}")
        body = b"".join((self.head, b",".join(items), self.tail))
        return Request(action=self.action, method="POST", path=self.path, body=body)


@dataclass(slots=True, kw_only=True)  # not frozen: one is made of every event, at half the cost
class Call:
    """One intention of one event. It is never changed; `replace` makes another one.

    Either `request` is set (a request of its own), or `shape` and `item` (an item of a bulk
    request), or both: then it goes by `request` alone and by `shape` in company. `lookups` are
    sent first, in order; what their answers teach fills the braces.

    `identity` is `event_identity` or `record_identity`, empty for what no event asked for; `slot`
    tells the calls of a fan-out apart.
    `lanes` names everything the call is about (`u:` user id, `e:` e-mail, `p:` phone, `c:` contact
    id, `o:` order …): of calls that share a name one alone is under way, the earlier first.
    `marks` are the spellings by which an answer may name this item (see `answers.py`).
    `confirm` is asked when the call is refused: an answer that holds `marks` means it was done.
    `chained`: goes only after the last unchained call before it was delivered, and may use what
    that one's answer taught.
    """

    action: Action
    intent: str
    identity: str = field(default="", repr=False)
    slot: str = field(default="", repr=False)
    repeat: Repeat
    lanes: tuple[str, ...] = field(repr=False)
    request: Request | None = None
    shape: Shape | None = None
    item: bytes = field(default=b"", repr=False)
    lookups: tuple[Request, ...] = ()
    confirm: Request | None = None
    marks: frozenset[str] = field(default=frozenset(), repr=False)
    chained: bool = False
    missing_is_done: bool = False  # nobody found: a deletion is done
    subscription: tuple[str, bool] | None = None  # category key, and whether it is joined
    is_urgent: bool = False  # an opt-out by the e-mail list alone: passes others

    @property
    def key(self) -> str:
        """Return the idempotency key; empty for a call that no event asked for.

        It is derived when somebody asks: what goes in bulk never needs it.
        """
        return idempotency_key(self.identity, self.intent, self.slot) if self.identity else ""

    def alone(self) -> Request:
        """Return the request this call would be if it travelled alone."""
        if self.request is not None:
            return self.request
        if self.shape is None:
            raise ValueError(f"{self.action}: a call has a request or a shape")
        return self.shape.request((self.item,))

    def together(self) -> Action:
        """Return the action it takes part in when it travels in company."""
        return self.shape.action if self.shape is not None else self.action


def idempotency_key(identity: str, intent: str, slot: str = "") -> str:
    """Return the key of one call: the same on every retry, restart, replay and version.

    `identity` is `event_identity` or `record_identity`; `slot` tells the calls of a fan-out apart.
    """
    digest = sha256(f"{identity}\0{intent}\0{slot}".encode()).digest()
    return "es1-" + b32encode(digest[:KEY_BYTES]).decode().lower()


def event_identity(source: str, event_id: str) -> str:
    """Return the identity of an event that has an id of its own; `source` may be empty."""
    return f"id:{source}\0{event_id}"


def record_identity(cluster: str, topic: str, partition: int, offset: int) -> str:
    """Return the identity of an event without an id: where its record lies."""
    return f"at:{cluster}\0{topic}\0{partition}\0{offset}"
