"""What a person tells the sandbox, checked by a model; faults are said in one line each."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from esputnik.sandbox.routes import actions

Told = TypeVar("Told", bound=BaseModel)


def checked(model: type[Told], told: object) -> Told:
    """Return what is told as a model.

    Raises:
        ValueError: It is not what the model takes; the message names the member and the remedy.
    """
    try:
        return model.model_validate(told)
    except ValidationError as trouble:
        faults = trouble.errors(include_url=False, include_input=False)
        text = "; ".join(_sentence(model, fault) for fault in faults)
    raise ValueError(text)


def _sentence(model: type[BaseModel], fault: Mapping[str, Any]) -> str:
    name = ".".join(str(part) for part in fault["loc"])
    if fault["type"] != "extra_forbidden":
        return f"{name}: {fault['msg'].removeprefix('Value error, ')}".removeprefix(": ")
    known = [one.alias or name for name, one in model.model_fields.items()]
    return f"{name}: is not known; {hint(name, known)}"


def hint(name: str, known: Iterable[str]) -> str:
    """Return what to write in place of an unknown name: the nearest known one, or one of all."""
    names = list(known)
    near = get_close_matches(name, names, n=1)
    return f"did you mean {near[0]}?" if near else f"use one of {', '.join(names)}"


def check_calls(names: Iterable[str]) -> None:
    """Refuse the names of calls that there are not, with ValueError."""
    for name in names:
        if name not in actions():
            raise ValueError(f"{name} is not a call; {hint(name, actions())}")
