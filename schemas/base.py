"""Validation of an event's data: strict, closed in its reasons, silent about values.

Data are plain dicts, described by a TypedDict each: what was sent and is known, by its own name.
An absent key was not sent; a None was sent as null.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic.config import ExtraValues
from pydantic_core import ErrorDetails

from schemas.decode import LongNumber
from schemas.patterns import CAREFUL, USUAL
from schemas.problem import Problem

Form = TypeVar("Form")

_STAGES = ("schema", "ident", "text", "time", "consent", "map")
_CODES = {
    "missing": ("schema.missing", "is missing"),
    "literal_error": ("schema.enum", "is none of the known values"),
    "extra_forbidden": ("schema.unknown_field", "is not known; leave it out"),
    "string_too_long": ("text.too_long", "is longer than {max_length} characters"),
    "string_too_short": ("schema.missing", "is empty"),
    "greater_than_equal": ("schema.range", "is out of range"),
    "less_than": ("schema.range", "is out of range"),
    "too_long": ("schema.range", "has more than {max_length} members"),
    "too_short": ("schema.range", "has no members"),
}
_WRONG_TYPE = ("schema.type", "has the wrong type")
_LONG = ("schema.range", "has too many digits; send it as a string")
UNUSABLE = "consent.unnormalised"


class Model(Generic[Form]):
    """How the data of an event type is read.

    Args:
        form: The TypedDict of its fields; its docstring says what the event means.
        someone: The fields that say whom it is about, of which one must be usable.
        may_fall: The fields that are left out, and counted, where they are unusable and somebody
            is named all the same.
        never_lost: Such a field falls whatever the settings say and whatever is wrong with it, and
            where nobody can be told from what was sent the reason is `consent.unnormalised`.
        parts: The fields that hold fields themselves, which may be unknown as well.
        check: Finds what is wrong between fields.
    """

    def __init__(  # noqa: PLR0913 - each is a rule of some event
        self,
        form: type[Form],
        *,
        someone: tuple[str, ...] = (),
        may_fall: frozenset[str] = frozenset(),
        never_lost: bool = False,
        parts: tuple[str, ...] = (),
        check: Callable[[Form], Problem | None] | None = None,
    ) -> None:
        self.form = form
        self.someone = someone
        self.may_fall = may_fall
        self.never_lost = never_lost
        self.parts = parts
        self.check = check
        self._adapter = TypeAdapter(form)
        self.read = self._adapter.validator.validate_python

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the data."""
        told = self._adapter.json_schema(ref_template="#/$defs/{model}")
        if self.someone:
            told["anyOf"] = [{"required": [name]} for name in self.someone]
        return told

    def is_whole(self, given: Mapping[str, Any], valid: Any) -> bool:  # noqa: ANN401 - a TypedDict
        """Tell whether all that was given is among what is valid: then nothing was ignored."""
        if len(valid) != len(given):
            return False
        for name in self.parts:
            if name in valid and _size(valid[name]) != _size(given[name]):
                return False
        return True

    def wrong_in(self, data: Form) -> Problem | None:
        """Return what is wrong between fields that are each right."""
        if self.someone and not self._is_somebody(data):
            names = " or ".join([", ".join(self.someone[:-1]), self.someone[-1]])
            return Problem(
                reason="ident.missing_contact", field="data", detail=f"names nobody; send {names}"
            )
        return self.check(data) if self.check is not None else None

    def _is_somebody(self, data: Any) -> bool:  # noqa: ANN401 - a TypedDict, read by name
        for name in self.someone:  # noqa: SIM110 - a generator costs as much as all the rest
            if data.get(name) is not None:
                return True
        return False


class Valid(NamedTuple):
    """Validated data. `ignored` are unknown fields, `dropped` unusable ones; both by path."""

    data: Any
    ignored: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fault:
    place: tuple[int | str, ...]
    problem: Problem
    is_of_content: bool  # what was sent is of the right kind, and unusable all the same


def validate(
    model: Model[Any],
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
    extra: ExtraValues = "forbid" if strict else "ignore"
    context = {"phone_region": phone_region}
    try:
        valid = model.read(data, strict=True, extra=extra, context=context)
    except ValidationError as error:
        if invalid_field != "drop" and not model.never_lost:
            return _first(_faults(error))
        read = partial(model.read, strict=True, extra=extra, context=context)
        return _without_the_unusable(model, data, read, error)
    if (problem := model.wrong_in(valid)) is not None:
        return problem
    return (
        Valid(valid) if model.is_whole(data, valid) else Valid(valid, tuple(_unknown(data, valid)))
    )


def _without_the_unusable(
    model: Model[Any],
    data: Mapping[str, Any],
    read: Callable[[Mapping[str, Any]], Any],
    error: ValidationError,
    dropped: tuple[_Fault, ...] = (),
) -> Valid | Problem:
    """Return what is valid without the optional fields that are not, or the first problem left.

    It goes on by itself: a field's parts may fall before the field does.
    """
    faults = _faults(error)
    falling = [fault for fault in faults if _may_fall(model, fault)]
    if not falling:
        return _first(faults)
    for fault in reversed(falling):  # of a list the last ones first
        data = _without(data, fault.place)
    dropped += tuple(falling)
    try:
        valid = read(data)
    except ValidationError as next_error:
        return _without_the_unusable(model, data, read, next_error, dropped)
    if (problem := model.wrong_in(valid)) is not None:
        return _blamed(model, problem, dropped)
    return Valid(valid, tuple(_unknown(data, valid)), tuple(_path(one.place) for one in dropped))


# -- faults ---------------------------------------------------------------------------------


def _faults(error: ValidationError) -> list[_Fault]:
    """Return the faults, but for those of the way that a value did not take."""
    found = error.errors(include_url=False)
    return [_fault(one) for one in found if one["loc"][-1:] != (USUAL,)] or list(map(_fault, found))


def _fault(found: ErrorDetails) -> _Fault:
    kind = found["type"]
    is_ours = "." in kind
    reason, detail = (kind, found["msg"]) if is_ours else _said(kind, found)
    place = tuple(part for part in found["loc"] if part not in {"[key]", CAREFUL})
    return _Fault(
        place=place,
        problem=Problem(reason=reason, field=f"data.{_path(place)}", detail=detail),
        is_of_content=is_ours or kind == "string_too_long",
    )


def _said(kind: str, found: ErrorDetails) -> tuple[str, str]:
    """Return reason and detail of what pydantic found itself."""
    if isinstance(found["input"], LongNumber):
        return _LONG
    reason, detail = _CODES.get(kind, _WRONG_TYPE)
    return reason, detail.format_map(found.get("ctx", {}))


def _path(place: Sequence[int | str]) -> str:
    """Return the path of a field. Names that producers made up are cut short."""
    return ".".join(str(part)[:64] for part in place)


def _may_fall(model: Model[Any], fault: _Fault) -> bool:
    is_optional = bool(fault.place) and fault.place[0] in model.may_fall
    return is_optional and (model.never_lost or fault.is_of_content)


def _blamed(model: Model[Any], problem: Problem, dropped: Sequence[_Fault]) -> Problem:
    """Return the problem; where nobody is left, that of the identifier that fell."""
    fallen = [fault.problem for fault in dropped if fault.place[0] in model.someone]
    if problem.reason != "ident.missing_contact" or not fallen:
        return problem
    return replace(fallen[0], reason=UNUSABLE) if model.never_lost else fallen[0]


def _first(faults: Sequence[_Fault]) -> Problem:
    """Return the problem of the first stage."""
    return min((fault.problem for fault in faults), key=_stage)


def _stage(problem: Problem) -> int:
    stage, _, code = problem.reason.partition(".")
    return -1 if code == "type" else _STAGES.index(stage)


def _without(given: Mapping[str, Any], place: Sequence[int | str]) -> dict[str, Any]:
    """Return the data without one field, or without one part of a field that has parts."""
    top, *rest = place
    held = given[str(top)]
    if rest and isinstance(held, dict):
        kept: Any = {name: value for name, value in held.items() if name != rest[0]}
    elif rest and isinstance(held, list):
        kept = [value for index, value in enumerate(held) if index != rest[0]]
    else:
        return {name: value for name, value in given.items() if name != top}
    return {**given, str(top): kept}


def _size(part: Any) -> int:  # noqa: ANN401 - any JSON
    """Return how many fields a part has: an object, a list of objects, or objects by name."""
    if isinstance(part, list):
        return sum(map(len, part))
    if isinstance(part, dict):
        return len(part) + sum(len(inner) for inner in part.values() if isinstance(inner, dict))
    return 0


def _unknown(given: object, valid: object, *above: int | str) -> Iterator[str]:
    """Return the paths of what was given and is not among what is known."""
    if isinstance(given, dict) and isinstance(valid, dict):
        for name, value in given.items():
            if name in valid:
                yield from _unknown(value, valid[name], *above, name)
            else:
                yield _path((*above, name))
    elif isinstance(given, list) and isinstance(valid, list):
        for index, (value, known) in enumerate(zip(given, valid, strict=True)):
            yield from _unknown(value, known, *above, index)
