"""What eSputnik's documents leave open: one switch a question, set to the cautious answer.

A list may be written with commas (`a.com,b.com`), rates as `search=10,event=5`, nothing as `none`.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
)

from esputnik.sandbox.told import check_calls

Quota = Literal["default", "search", "token_owner", "event", "past_event", "templates"]


def _listed(told: object) -> object:
    """Return a text with commas as a list, anything else as it is."""
    if not isinstance(told, str):
        return told
    return [one.strip() for one in told.split(",") if one.strip()]


def _paired(told: object) -> object:
    """Return a text of pairs as an object, anything else as it is."""
    if not isinstance(told, str):
        return told
    return {name.strip(): most for name, _, most in (one.partition("=") for one in told.split(","))}


def _nothing(told: object) -> object:
    return None if told in ("none", "null") else told


def _known(names: frozenset[str]) -> frozenset[str]:
    check_calls(sorted(names))
    return names


Names = Annotated[frozenset[str], BeforeValidator(_listed)]
Actions = Annotated[Names, AfterValidator(_known)]
Rates = Annotated[Mapping[Quota, NonNegativeInt], BeforeValidator(_paired)]
Perhaps = Annotated[NonNegativeInt | None, BeforeValidator(_nothing)]
Status = Annotated[int, Field(ge=400, lt=600)]


class Switches(BaseModel):
    """How an account behaves where no document says how; a change counts from the next request."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    # -- who may ask ------------------------------------------------------------------------------

    api_key: str = "sandbox"
    """The one key that is good."""
    forbidden: Actions = frozenset()
    """Calls outside the key's rights."""
    forbidden_status: Status = 403
    """The status of the answer to those."""
    token_form: Literal["quoted", "bare", "object"] = "quoted"  # noqa: S105 - a form
    """How Create API Token writes the token: a JSON text, the bare text, an object."""

    # -- rates, repeats and answers ---------------------------------------------------------------

    rate_limits: bool = True
    """Whether requests beyond the rates are answered with 429."""
    limits: Rates = Field(default_factory=dict)
    """Other rates than the documented ones, by the name of a quota."""
    sliding_rates: bool = False
    """Whether a rate holds within any second, or within each second of the clock."""
    retry_after: Perhaps = None
    """The `Retry-After` of a 429, in seconds; none for no such header."""
    repeat_seconds: NonNegativeFloat = 60.0
    """For how long the same single-contact request is answered with 409."""
    max_body_bytes: NonNegativeInt = 10_000_000
    """Larger bodies are answered with 413."""
    oversized_status: Status = 400
    """The status of an answer to more items than a request may hold."""
    error_form: Literal["text", "json"] = "text"
    """Whether errors other than 401 are a sentence or JSON with a `message`."""
    silent_form: Literal["empty", "text", "object"] = "empty"
    """What a success says for which no document gives a form."""

    # -- contacts ---------------------------------------------------------------------------------

    ids_as_strings: bool = False
    """Whether the id of a contact comes as a string."""
    fold_emails: bool = True
    """Whether upper and lower case are one in an e-mail."""
    adopt_by_address: bool = True
    """Whether Add Contact with a new external id may take over a contact that has the address and
    no external id.
    """
    restore_by_address: bool = False
    """Whether Add Contact restores a deleted contact it knows by address alone; otherwise it makes
    a new one.
    """
    keep_omitted: bool = True
    """Whether Add Contact and Update Contact keep what a request leaves out; otherwise they clear
    it.
    """
    join_groups: bool = False
    """Whether Add Contact joins the segments a contact names in `groups`."""
    resubscribe: bool = False
    """Whether writing an e-mail into a contact takes it off the list of unsubscribed ones."""
    loose_search: bool = True
    """Whether a search by e-mail or phone also finds those that contain it."""
    delete_deleted: Literal["404", "200"] = "404"
    """What the deletion of a contact answers that is deleted already; with 200 it may be erased."""
    check_names: bool = True
    """Whether names must obey the rules for names."""
    custom_fields: NonNegativeInt = 1000
    """How many additional fields there are, with the ids 1 to this."""
    unknown_field: Literal["400", "ignore"] = "400"
    """What becomes of a contact with an additional field that does not exist."""

    # -- imports ----------------------------------------------------------------------------------

    import_seconds: NonNegativeFloat = 0.3
    """From acceptance to the end: a third queued, two thirds running. Short, so that nobody waits
    for a demonstration; the real ones take minutes.
    """
    import_spread: NonNegativeFloat = 1.0
    """How much longer an import may take, by chance, as a multiple of `import_seconds`: so they end
    in another order than they came. 0 for none.
    """
    unknown_session: Status = 404
    """The status of an answer about an import nobody knows."""
    mapping: Literal["all", "none"] = "all"
    """Whether a finished import tells which contacts it wrote."""
    bad_item: Literal["named", "unnamed", "400"] = "named"
    """Whether a contact with a fault is named in the answer, told of without a name, or the whole
    import refused with 400.
    """
    restore_deleted: bool = False
    """What `restoreDeleted` is where an import does not say."""
    new_takes_all_fields: bool = False
    """Whether an import writes unlisted fields of contacts it creates."""
    replace_tokens: bool = True
    """Whether the push tokens of an item replace those that the contact has."""
    unknown_group: Literal["create", "400"] = "create"
    """What becomes of an import that names a segment that does not exist."""

    # -- orders -----------------------------------------------------------------------------------

    strict_status: bool = True
    """Whether other statuses than the documented five are refused."""
    currencies: Names = frozenset()
    """The only currencies there are; none for any three capital letters."""
    offset_needed: bool = True
    """Whether an order's date without an offset is refused."""
    numeric_strings: bool = True
    """Whether an amount may come as text."""
    orders_by_store: bool = False
    """Whether an order's id counts within its `storeId` alone, or within the whole account."""
    keep_order: bool = False
    """Whether an order that is sent again keeps what the request leaves out; otherwise it loses it.
    """
    delete_by: Literal["query", "body"] = "query"
    """Where Delete Orders reads what to delete."""

    # -- consents and segments --------------------------------------------------------------------

    max_emails: Perhaps = 3000
    """Addresses in one change of the list of unsubscribed ones; none for any number."""
    bad_email: Literal["400", "skip"] = "400"
    """Whether an address that is none refuses such a change, or is passed over."""
    unsubscribe_strangers: bool = True
    """Whether an address goes on that list that no contact has."""
    static_segments: NonNegativeInt = 100
    """How many empty static segments there are, with the ids 1 to this; raised, there are more at
    once, lowered, there are fewer after a reset.
    """
    unknown_segment: Literal["404", "create"] = "404"
    """What becomes of an attach to a segment that does not exist."""
    unknown_member: Literal["ignore", "404"] = "ignore"
    """What becomes of an attach or detach that names a contact nobody knows."""
    unknown_category: Literal["400", "create"] = "create"
    """What becomes of a subscription to a category that does not exist; an account on this machine
    has no page on which to make one.
    """
    replace_subscriptions: bool = True
    """Whether setting a contact's categories replaces those it has."""

    # -- devices, sites and messages --------------------------------------------------------------

    unknown_token: Literal["404", "create"] = "404"  # noqa: S105 - a status
    """What becomes of a change to a token that does not exist."""
    unreachable: Names = frozenset()
    """Hosts that eSputnik cannot reach."""
    taken: Names = frozenset()
    """Hosts that another organisation has registered."""
    webpush_status: str = "OK"
    """The `status` of a web push domain that was registered."""
    check_custom_data: bool = True
    """Whether the `customData` of a message must be a text of JSON."""
    store_translations: bool = False
    """Whether a new message keeps translations that come along with it."""
    unknown_message: Literal["404", "send"] = "send"
    """What becomes of sending a message this account was never told of."""
    max_past_days: NonNegativeInt = 365
    """How old a past event may be."""
