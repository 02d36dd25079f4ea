"""What pydantic found wrong with data, in the words of dead letters: closed in its reasons."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from schemas.decode import LongNumber
from schemas.patterns import CAREFUL, USUAL
from schemas.problem import Problem

Place = tuple[int | str, ...]

_STAGES = ("schema", "ident", "text", "time", "consent", "map")
_CODES = {
    "missing": ("schema.missing", "is missing"),
    "literal_error": ("schema.enum", "is not an allowed value"),
    "extra_forbidden": ("schema.unknown_field", "is not a known field; remove it"),
    "string_too_long": ("text.too_long", "is longer than {max_length} characters"),
    "string_too_short": ("schema.missing", "is empty"),
    "string_pattern_mismatch": ("text.control", "contains control characters; remove them"),
    "greater_than_equal": ("schema.range", "is out of range"),
    "less_than": ("schema.range", "is out of range"),
    "too_long": ("schema.range", "has more than {max_length} entries"),
    "too_short": ("schema.range", "has no entries"),
}
_OF_CONTENT = frozenset({"string_too_long", "string_pattern_mismatch"})
_WRONG_TYPE = ("schema.type", "has the wrong type")
_NULL = ("schema.missing", "is null, but required")
_LONG = ("schema.range", "has too many digits; send it as a string")
_LARGE = ("schema.range", "is out of range")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong, and where.

    `is_of_content`: what was sent is of the right kind, and unusable all the same.
    """

    place: Place
    problem: Problem
    is_of_content: bool


def faults_of(error: ValidationError) -> list[Fault]:
    """Return the faults, but for those of the way that a value did not take."""
    found = error.errors(include_url=False)
    return [_fault(one) for one in found if one["loc"][-1:] != (USUAL,)] or list(map(_fault, found))


def first_problem(faults: Sequence[Fault]) -> Problem:
    """Return the problem of the first stage, then of the first field; a wrong type before all."""
    return min((fault.problem for fault in faults), key=_stage)


def path_of(place: Sequence[int | str]) -> str:
    """Return the path of a field. Names that producers made up are cut short."""
    return ".".join(str(part)[:64] for part in place)


def _fault(found: ErrorDetails) -> Fault:
    kind = found["type"]
    is_ours = "." in kind
    place = tuple(part for part in found["loc"] if part not in {"[key]", CAREFUL})
    reason, detail = (kind, found["msg"]) if is_ours else _said(kind, found)
    if found["input"] is None and isinstance(place[-1], str):
        reason, detail = _NULL
    return Fault(
        place=place,
        problem=Problem(reason=reason, field=f"data.{path_of(place)}", detail=detail),
        is_of_content=is_ours or kind in _OF_CONTENT,
    )


def _said(kind: str, found: ErrorDetails) -> tuple[str, str]:
    """Return reason and detail of what pydantic found itself."""
    if isinstance(found["input"], LongNumber):
        return _LARGE if kind == "int_type" else _LONG
    reason, detail = _CODES.get(kind, _WRONG_TYPE)
    return reason, detail.format_map(found.get("ctx", {}))


def _stage(problem: Problem) -> int:
    stage, _, code = problem.reason.partition(".")
    return -1 if code == "type" else _STAGES.index(stage)
