"""Rules of what goes wrong: which requests they strike, and what befalls those."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    NonNegativeInt,
)

from esputnik.sandbox.told import check_calls


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What befalls one request. `status` and `reset="before"` come in place of the work.

    `text` is None for what the account itself would say; `delay` in seconds; `fates` as in
    `wire.Asked`.
    """

    status: int | None = None
    text: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    reset: Literal["before", "after"] | None = None
    import_fate: Literal["error", "stuck"] | None = None
    fates: tuple[tuple[bytes, str | None], ...] = ()


NOTHING = Effect()


def joined(first: Effect, second: Effect) -> Effect:
    """Return both effects as one; what the second names wins."""
    return replace(
        first if second.status is None else second,
        delay=max(first.delay, second.delay),
        reset=second.reset or first.reset,
        import_fate=second.import_fate or first.import_fate,
        fates=first.fates + second.fates,
    )


def _known(action: str) -> str:
    check_calls([action])
    return action


class Rule(BaseModel):
    """An effect on certain requests; only what shall happen need be named."""

    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)

    action: Annotated[str, AfterValidator(_known)] | None = None
    """The call it strikes."""
    path: str | None = None
    """The path it strikes, from `/v1`."""
    contains: str = ""
    """A text that the body must contain."""
    times: NonNegativeInt | None = None
    """How often it strikes; null for always."""

    status: Annotated[int, Field(ge=200, lt=600)] | None = None
    """Answer with this status, and do nothing."""
    text: str | None = None
    """The body of that answer; null for what the account itself would say."""
    headers: dict[str, str] = Field(default_factory=dict)
    """Headers of that answer."""
    item_error: str | None = None
    """The items of a bulk request that contain `contains` fail with this text."""
    item_lost: bool = False
    """An import loses those items without a word."""
    delay: Annotated[FiniteFloat, Field(ge=0)] = 0.0
    """Seconds before the answer goes out."""
    reset: Literal["before", "after"] | None = None
    """Reset the connection, before the work or after it."""
    import_fate: Literal["error", "stuck"] | None = Field(default=None, alias="import")
    """Let an import fail, or never end."""

    def strikes(self, action: str, path: str, body: bytes) -> bool:
        """Tell whether the rule applies to a request, and count that it did."""
        is_meant = self.action in {None, action} and self.path in {None, path}
        if not is_meant or self.times == 0 or self.contains.encode() not in body:
            return False
        if self.times is not None:
            self.times -= 1
        return True

    def effect(self) -> Effect:
        """Return what befalls the requests it strikes."""
        contains, fates = self.contains.encode(), list[tuple[bytes, str | None]]()
        if self.item_error is not None:
            fates.append((contains, self.item_error))
        if self.item_lost:
            fates.append((contains, None))
        return Effect(
            status=self.status,
            text=self.text,
            headers=self.headers,
            delay=self.delay,
            reset=self.reset,
            import_fate=self.import_fate,
            fates=tuple(fates),
        )
