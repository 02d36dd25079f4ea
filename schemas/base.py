"""Validation of an event's data: strict, closed in its reasons, silent about values."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic import ValidationError

from schemas.faults import Fault, faults_of, first_problem, path_of
from schemas.model import Model
from schemas.problem import Problem

UNUSABLE = "consent.unnormalised"


class Valid(NamedTuple):
    """Validated data. `ignored` are unknown fields, `dropped` unusable ones; both by path."""

    data: Any
    ignored: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


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
        strict: Refuse unknown fields, save those of what is never lost.
    """
    how = _how(phone_region, strict and not model.never_lost)
    try:
        valid = model.read(data, **how)
    except ValidationError as error:
        if invalid_field != "drop" and not model.never_lost:
            return first_problem(faults_of(error))
        return _without_the_unusable(model, data, how, error)
    if (problem := model.wrong_in(valid)) is not None:
        return problem
    # Most events have no unknown field, and show it by their size.
    return Valid(valid) if model.is_whole(data, valid) else Valid(valid, _ignored(model, data, how))


@lru_cache(maxsize=64)
def _how(phone_region: str | None, strict: bool) -> dict[str, Any]:  # noqa: FBT001 - a setting
    """Return how pydantic is to read: nobody changes it, so one does for all events."""
    extra = "forbid" if strict else "ignore"
    return {"strict": True, "extra": extra, "context": {"phone_region": phone_region}}


# -- unknown fields -------------------------------------------------------------------------


def _ignored(
    model: Model[Any], given: Mapping[str, Any], how: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return the paths of unknown fields, by comparing with what is known by its own names."""
    return tuple(_unknown(given, model.read_plainly(given, **how)))


def _unknown(given: object, valid: object, *above: int | str) -> Iterator[str]:
    """Return the paths of what was given and is not among what is known."""
    if isinstance(given, dict) and isinstance(valid, dict):
        for name, value in given.items():
            if name in valid:
                yield from _unknown(value, valid[name], *above, name)
            else:
                yield path_of((*above, name))
    elif isinstance(given, list) and isinstance(valid, list):
        for index, (value, known) in enumerate(zip(given, valid, strict=True)):
            yield from _unknown(value, known, *above, index)


# -- unusable fields ------------------------------------------------------------------------


def _without_the_unusable(
    model: Model[Any],
    data: Mapping[str, Any],
    how: Mapping[str, Any],
    error: ValidationError,
    dropped: tuple[Fault, ...] = (),
) -> Valid | Problem:
    """Return what is valid without the optional fields that are not, or the first problem left.

    It goes on by itself: a field's parts may fall before the field does.
    """
    faults = faults_of(error)
    falling = [fault for fault in faults if _may_fall(model, fault)]
    if not falling:
        return first_problem(faults)
    for fault in reversed(falling):  # of a list the last ones first
        data = _without(data, fault.place)
    dropped += tuple(falling)
    try:
        valid = model.read(data, **how)
    except ValidationError as next_error:
        return _without_the_unusable(model, data, how, next_error, dropped)
    if (problem := model.wrong_in(valid)) is not None:
        return _blamed(model, problem, dropped)
    paths = tuple(path_of(fault.place) for fault in dropped)
    return Valid(valid, _ignored(model, data, how), paths)


def _may_fall(model: Model[Any], fault: Fault) -> bool:
    is_optional = bool(fault.place) and fault.place[0] in model.may_fall
    return is_optional and (model.never_lost or fault.is_of_content)


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


def _blamed(model: Model[Any], problem: Problem, dropped: Sequence[Fault]) -> Problem:
    """Return the problem; where nobody is left, that of the identifier that fell."""
    fallen = [fault.problem for fault in dropped if fault.place[0] in model.someone]
    if problem.reason != "ident.missing_contact" or not fallen:
        return problem
    return replace(fallen[0], reason=UNUSABLE) if model.never_lost else fallen[0]
