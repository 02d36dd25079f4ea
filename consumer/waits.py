"""What of delivery waits for eSputnik, for the probes and gauges. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from esputnik.call import Quota


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """As things stand; times in monotonic seconds.

    `throttled`: since when a quota answers nothing but 429. `imports`: when each import that has
    not ended was taken.
    """

    throttled: Mapping[Quota, float] = field(default_factory=dict)
    imports: tuple[float, ...] = ()
