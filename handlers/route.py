"""A line of the table of routes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from handlers.mapped import Event, Mapped, Options
from schemas.model import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where events of a type come from, the model of their data, and what maps them to calls.

    `counts`: a call of theirs is of class C, each execution counts. `makes_contacts`: they make a
    contact where there is none, so one that is no newer than its deletion is refused.
    """

    model: Model[Any]
    handle: Callable[[Event[Any], Options], Mapped]
    topic: str
    counts: bool = False
    makes_contacts: bool = False
