"""Validation of an event's data: strict, closed in its reasons, silent about values."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError

from schemas.decode import LongNumber
from schemas.problem import Problem

_STAGES = ("schema", "ident", "text", "time", "consent", "map")
_RANGE = frozenset(
    {
        "greater_than",
        "greater_than_equal",
        "less_than",
        "less_than_equal",
        "too_long",
        "too_short",
        "finite_number",
        "int_parsing_size",
    }
)
_CODES = {
    "missing": "schema.missing",
    "literal_error": "schema.enum",
    "enum": "schema.enum",
    "extra_forbidden": "schema.unknown_field",
    "string_too_long": "text.too_long",
    "string_too_short": "schema.range",
}
_DETAILS = {
    "schema.missing": "is missing",
    "schema.type": "has the wrong type",
    "schema.enum": "is none of the known values",
    "schema.range": "is out of range",
}
_LONG = "has too many digits; send it as a string"
_ROUNDS = 4  # of dropping; a field's parts may fall before the field does


class Data(BaseModel):
    """What an event says. Absent and null are told apart by `model_fields_set`.

    `OPTIONAL` names the fields that may be dropped when they are unusable; `IDENTIFIERS` those of
    them that say who it is about, of which one must stay.
    """

    model_config = ConfigDict(
        strict=True, frozen=True, extra="ignore", hide_input_in_errors=True, allow_inf_nan=False
    )

    OPTIONAL: ClassVar[frozenset[str]] = frozenset()
    IDENTIFIERS: ClassVar[frozenset[str]] = frozenset()
    DROPS_ALWAYS: ClassVar[bool] = False  # an opt-out is never lost for a fault of detail
    UNUSABLE: ClassVar[str | None] = None  # the reason where no identifier is usable


@dataclass(frozen=True, slots=True, kw_only=True)
class Valid:
    """Validated data. `ignored` are unknown fields, `dropped` unusable ones; both by path."""

    data: Any
    ignored: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fault:
    place: tuple[int | str, ...]
    problem: Problem
    is_builtin: bool  # found by pydantic itself: the type is wrong, not the content


def validate(
    model: type[Data],
    data: Mapping[str, Any],
    *,
    phone_region: str | None = None,
    invalid_field: str = "drop",
    strict: bool = False,
) -> Valid | Problem:
    """Return the validated data, or the first problem: by stage, then by the order of fields.

    Args:
        model: The model of the event type.
        data: Its data as decoded.
        phone_region: The region of phones written without a plus, such as `UA`.
        invalid_field: `drop` leaves out an unusable optional field beside a usable identifier.
        strict: Refuse unknown fields.
    """
    ignored = tuple(name for name in data if name not in model.model_fields)
    if strict and ignored:
        return Problem(
            reason="schema.unknown_field",
            field=f"data.{ignored[0][:64]}",
            detail="is not known; leave it out",
        )
    drops = invalid_field == "drop" or model.DROPS_ALWAYS
    dropped: list[_Fault] = []
    given = dict(data)
    for _ in range(_ROUNDS):
        try:
            valid = model.model_validate(given, context={"phone_region": phone_region})
        except ValidationError as error:
            faults = list(_faults(error))
            droppable = [fault for fault in faults if drops and _may_fall(model, fault)]
            if not droppable:
                return _first(model, [*dropped, *faults] if _is_nobody(faults) else faults)
            for fault in droppable:
                given = _without(given, fault.place)
            dropped += droppable
        else:
            return Valid(data=valid, ignored=ignored, dropped=tuple(map(_path, dropped)))
    return _first(model, dropped)


# -- faults ---------------------------------------------------------------------------------


def _faults(error: ValidationError) -> Iterator[_Fault]:
    for one in error.errors(include_url=False, include_context=False):
        kind, is_long = one["type"], isinstance(one["input"], LongNumber)
        is_ours = "." in kind
        reason = "schema.range" if is_long else kind if is_ours else _code(kind)
        detail = one["msg"] if is_ours else _LONG if is_long else _DETAILS.get(reason, "is wrong")
        place = tuple(part for part in one["loc"] if part != "[key]")
        problem = Problem(reason=reason, field=_named(place), detail=detail)
        yield _Fault(place=place, problem=problem, is_builtin=not is_ours)


def _code(kind: str) -> str:
    return "schema.range" if kind in _RANGE else _CODES.get(kind, "schema.type")


def _named(place: Sequence[int | str]) -> str:
    """Return the path of a field. Names that producers made up are cut short."""
    return ".".join(["data", *(str(part)[:64] for part in place)])


def _path(fault: _Fault) -> str:
    return fault.problem.field.removeprefix("data.")


def _may_fall(model: type[Data], fault: _Fault) -> bool:
    if not fault.place or fault.place[0] not in model.OPTIONAL:
        return False
    return model.DROPS_ALWAYS or not fault.is_builtin


def _is_nobody(faults: Sequence[_Fault]) -> bool:
    return any(fault.problem.reason == "ident.missing_contact" for fault in faults)


def _first(model: type[Data], faults: Sequence[_Fault]) -> Problem:
    """Return the problem of the first stage. An identifier that was dropped says who is missing."""
    fallen = [fault for fault in faults if fault.place and fault.place[0] in model.IDENTIFIERS]
    if fallen and _is_nobody(faults):
        problem = fallen[0].problem
        if model.UNUSABLE is None:
            return problem
        return Problem(reason=model.UNUSABLE, field=problem.field, detail=problem.detail)
    return min((fault.problem for fault in faults), key=_stage)


def _stage(problem: Problem) -> int:
    stage, _, code = problem.reason.partition(".")
    return -1 if code == "type" else _STAGES.index(stage)


def _without(given: dict[str, Any], place: tuple[int | str, ...]) -> dict[str, Any]:
    """Return the data without one field, or without one part of a field that has parts."""
    top, *rest = place
    held = given.get(str(top))
    if rest and isinstance(held, dict) and rest[0] in held:
        part = {name: value for name, value in held.items() if name != rest[0]}
        return given | {str(top): part}
    return {name: value for name, value in given.items() if name != top}
