"""What the vendor's documents leave open: each choice a switch, the careful one by default."""

from collections.abc import Mapping
from dataclasses import dataclass, field

API_KEY = "sandbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """The assumptions. None of them is documented; each says what the sandbox does instead.

    `import_seconds`: until an import is finished, in the middle; each takes between half and one
    and a half of it, so that they finish out of order.
    `repeat_window`: for how long an identical single-contact request is refused with 409.
    `retry_after`: what a 429 says, in seconds; None: nothing.
    `limits_apply`: whether requests above the account's limits are refused.
    `unknown_segment`, `unknown_token`: the status for them.
    `max_emails`: of one request about unsubscribed addresses.
    `max_body`: bytes of a request; more is 413.
    `one_as_object`: a list of one failed item is answered as an object.
    `stores_translations`: whether translations sent on creation are kept.
    `checks_names`: whether names are held to the documented rules.
    `order_statuses_free`: whether statuses beside the documented ones are taken.
    """

    api_key: str = API_KEY
    import_seconds: float = 0.3
    repeat_window: float = 60.0
    retry_after: int | None = None
    limits_apply: bool = True
    limits: Mapping[str, float] = field(
        default_factory=lambda: {"default": 200, "search": 50, "event": 350, "past_event": 100}
    )
    unknown_segment: int = 404
    unknown_token: int = 404
    max_emails: int = 3000
    max_body: int = 10 * 1024 * 1024
    one_as_object: bool = True
    stores_translations: bool = False
    checks_names: bool = True
    order_statuses_free: bool = False
    static_segments: int = 100
    custom_fields: int = 100
    organisation: str = "Sandbox"
