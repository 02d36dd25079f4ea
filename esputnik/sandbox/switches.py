"""What eSputnik's documents leave open: one switch a question, set to the cautious answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """How an account behaves where no document says how. Seconds are seconds.

    Who may ask:
        api_key: The one key that is good.
        forbidden: Actions outside the key's rights: 403.

    Rates and repeats:
        rate_limits: Whether requests beyond the documented rates are answered with 429.
        retry_after: The `Retry-After` of those answers; None for no such header.
        repeat_seconds: How long the same single-contact request is answered with 409.
        max_body_bytes: Larger bodies are answered with 413.

    Contacts:
        ids_as_strings: Whether a contact's id comes as a string.
        adopt_by_address: Whether Add Contact with a new external id may take over a contact that
            has the address and no external id.
        restore_by_address: Whether Add Contact restores a deleted contact it knows by address
            alone; otherwise it makes a new one.
        new_takes_all_fields: Whether an import writes unlisted fields of contacts it creates.
        check_names: Whether names must obey the rules for names.
        custom_fields: How many additional fields there are, with the ids 1 to this.
        unknown_field: What becomes of a contact with an additional field that does not exist.

    Imports:
        import_seconds: From acceptance to the end: a third queued, two thirds running. Short, so
            that nobody waits for a demonstration; the real ones take minutes.
        import_spread: How much longer an import may take, by chance, as a multiple of
            `import_seconds`: so they end in another order than they came. 0 for none.
        unknown_session: The status of an answer about an import nobody knows.

    Orders:
        strict_status: Whether other statuses than the documented five are refused.
        currencies: The only currencies there are; empty for any three capital letters.
        offset_needed: Whether an order's date without an offset is refused.

    Consents and segments:
        max_emails: Addresses in one change of the list of unsubscribed ones; None for any number.
        static_segments: How many empty static segments there are, with the ids 1 to this.
        unknown_segment: What becomes of an attach to a segment that does not exist.
        unknown_category: What becomes of a subscription to a category that does not exist.

    Devices, sites and messages:
        unknown_token: What becomes of a change to a token that does not exist.
        unreachable: Hosts that eSputnik cannot reach.
        taken: Hosts that another organisation has registered.
        unknown_message: What becomes of sending a message this account was never told of.
        store_translations: Whether a new message keeps translations that come along with it.
        max_past_days: How old a past event may be.
    """

    api_key: str = "sandbox"
    forbidden: frozenset[str] = frozenset()

    rate_limits: bool = True
    retry_after: int | None = None
    repeat_seconds: float = 60.0
    max_body_bytes: int = 10_000_000

    ids_as_strings: bool = False
    adopt_by_address: bool = True
    restore_by_address: bool = False
    new_takes_all_fields: bool = False
    check_names: bool = True
    custom_fields: int = 1000
    unknown_field: Literal["400", "ignore"] = "400"

    import_seconds: float = 0.3
    import_spread: float = 1.0
    unknown_session: int = 404

    strict_status: bool = True
    currencies: frozenset[str] = frozenset()
    offset_needed: bool = True

    max_emails: int | None = 3000
    static_segments: int = 100
    unknown_segment: Literal["404", "create"] = "404"
    unknown_category: Literal["400", "create"] = "create"

    unknown_token: Literal["404", "create"] = "404"  # noqa: S105 - no secret
    unreachable: frozenset[str] = frozenset()
    taken: frozenset[str] = frozenset()
    unknown_message: Literal["404", "send"] = "send"
    store_translations: bool = False
    max_past_days: int = 365

    limits: Mapping[str, int] = field(default_factory=dict)
    """Requests a second by the name of a quota (see `limits.py`), in place of the documented."""
