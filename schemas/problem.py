"""Why an event is no event: a value, never raised."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong. `reason` is `stage.code`, `field` a path such as `data.email`.

    `detail` says what is wrong and what to send instead, never a value of the event.
    """

    reason: str
    field: str = ""
    detail: str = ""
