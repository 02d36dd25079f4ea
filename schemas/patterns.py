"""Rules that pydantic's core checks in compiled code: what must be, and what needs no further look.

Patterns are of Rust's `regex`: no look-around, linear time, and they may match anywhere.
"""

from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import core_schema as core


@dataclass(frozen=True, slots=True)
class Matches:
    """Says in an annotation that a text must match, or else why its field is refused.

    `longest` counts characters. What stands before it in the annotation is checked first.
    """

    pattern: str
    reason: str
    detail: str
    longest: int | None = None

    def __get_pydantic_core_schema__(
        self,
        source: Any,  # noqa: ANN401 - pydantic hands over whatever is annotated
        handler: GetCoreSchemaHandler,
    ) -> core.CoreSchema:
        """Return the schema that is annotated, and behind it this check with its own error."""
        check = core.custom_error_schema(
            core.str_schema(pattern=self.pattern, max_length=self.longest),
            custom_error_type=self.reason,
            custom_error_message=self.detail,
        )
        return core.chain_schema([handler(source), check])


USUAL = "usual"  # how errors name the way that a value did not take
CAREFUL = "careful"  # and the way that judged it


class Usually:
    """Says in an annotation what most values look like; only the others are looked at with care.

    What stands before it in the annotation judges the others, and must return these unchanged.
    """

    def __init__(self, *usual: core.CoreSchema) -> None:
        self._usual = usual

    def __get_pydantic_core_schema__(
        self,
        source: Any,  # noqa: ANN401 - pydantic hands over whatever is annotated
        handler: GetCoreSchemaHandler,
    ) -> core.CoreSchema:
        """Return the union of both ways, in that order."""
        ways: list[core.CoreSchema | tuple[core.CoreSchema, str]] = [
            *((usual, USUAL) for usual in self._usual),
            (handler(source), CAREFUL),
        ]
        return core.union_schema(ways, mode="left_to_right")


def usual_text(pattern: str, longest: int | None = None) -> Usually:
    """Return the annotation of texts that usually match."""
    return Usually(core.str_schema(pattern=pattern, max_length=longest))


def _not_dots_alone(sign: str, but_dot: str) -> str:
    """Return the pattern of texts of these signs that are no step of a path: not `.`, not `..`."""
    return rf"^(?:{sign}{{3}}{sign}*|{but_dot}{sign}?|\.{but_dot})$"


NOT_BLANK = Matches(r"\S", "schema.missing", "is empty")
# C0 but for tab and line breaks, DEL and C1; signs that turn the direction of writing.
NO_CONTROL = (
    r"^[^\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\u{9F}\u{202A}-\u{202E}\u{2066}-\u{2069}\u{200E}\u{200F}]*$"
)
AN_ID = "1 to 256 characters, no control characters"
# Other invisible signs are part of an id like any: a person's emoji is joined by some, a copied id
# has no-break spaces. Where an id enters a path it is percent-encoded, elsewhere it is in quotes.
SAFE_ID = Matches(
    _not_dots_alone(r"\P{Cc}", r"[^\p{Cc}.]"),
    "ident.id_unsafe",
    f"must be {AN_ID}, not . or ..",
    longest=256,
)
SAFE_TOKEN = Matches(
    _not_dots_alone(r"[^\p{C}\p{Z}]", r"[^\p{C}\p{Z}.]"),
    "ident.id_unsafe",
    "must be 1 to 4,096 printable characters without spaces",
    longest=4096,
)
