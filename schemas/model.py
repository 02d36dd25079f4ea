"""How the data of an event type is read: a typed dictionary, and rules between its fields.

Data are plain dicts: what was sent and is known, by its own name or by another one.
An absent key was not sent; a None was sent as null.
"""

from collections.abc import Callable, Mapping
from copy import copy
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter
from pydantic_core import SchemaValidator

from schemas.problem import Problem

Form = TypeVar("Form")
Names = Mapping[str, str]


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
        rules: The same in words of JSON Schema.
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
        rules: Mapping[str, Any] | None = None,
    ) -> None:
        self.form = form
        self.someone = someone
        self.may_fall = may_fall
        self.never_lost = never_lost
        self.parts = parts
        self.check = check
        self.rules: Mapping[str, Any] = rules or {}
        self._adapter = TypeAdapter(form)
        self._identifiers = someone
        self.read_plainly = self._adapter.validator.validate_python
        self.read = self.read_plainly

    def renamed(self, names: Mapping[type, Names]) -> "Model[dict[str, Any]]":
        """Return the same model, whose data come out by other names: ours → theirs, by form.

        The fields of `parts` keep their names. Renamed while they are read, fields cost nothing.
        """
        if self.check is not None:
            raise ValueError("a check between fields knows them by their own names")
        other: Model[Any] = copy(self)
        other.read = SchemaValidator(_renamed(self._adapter.core_schema, names)).validate_python
        other._identifiers = tuple(names[self.form][name] for name in self.someone)
        return other

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the data."""
        told = self._adapter.json_schema(ref_template="#/$defs/{model}")
        if self.someone:
            told["anyOf"] = [named(name) for name in self.someone]
        return {**told, **self.rules}

    def is_whole(self, given: Mapping[str, Any], valid: Any) -> bool:  # noqa: ANN401 - a TypedDict
        """Tell whether all that was given is among what is valid: then nothing was ignored."""
        if len(valid) != len(given):
            return False
        for name in self.parts:
            part = given.get(name)
            if part and _size(part) != _size(valid[name]):
                return False
        return True

    def wrong_in(self, valid: Any) -> Problem | None:  # noqa: ANN401 - a TypedDict, read by name
        """Return what is wrong between fields that are each right."""
        for name in self._identifiers:
            if valid.get(name) is not None:
                break
        else:
            if self.someone:
                return self._nobody()
        return self.check(valid) if self.check is not None else None

    def _nobody(self) -> Problem:
        names = " or ".join([", ".join(self.someone[:-1]), self.someone[-1]])
        return Problem(
            reason="ident.missing_contact", field="data", detail=f"has no {names}; send one"
        )


def named(name: str) -> dict[str, Any]:
    """Return the JSON Schema of an object that names a field: a null does not."""
    return {"required": [name], "properties": {name: {"not": {"type": "null"}}}}


def _renamed(schema: Any, names: Mapping[type, Names]) -> Any:  # noqa: ANN401 - a tree of schemas
    """Return a core schema whose typed dictionaries come out by other names."""
    if isinstance(schema, list | tuple):
        return type(schema)(_renamed(part, names) for part in schema)
    if not isinstance(schema, dict):
        return schema
    told = {key: _renamed(part, names) for key, part in schema.items()}
    if told.get("type") == "typed-dict" and told["cls"] in names:
        theirs = names[told["cls"]]
        told["fields"] = {
            theirs[ours]: field | {"validation_alias": ours}
            for ours, field in told["fields"].items()
        }
    return told


def _size(part: Any) -> int:  # noqa: ANN401 - a part of valid data
    """Return how many fields a part has: an object, a list of objects, or objects by name."""
    if isinstance(part, list):
        return sum(map(len, part))
    return len(part) + sum(len(inner) for inner in part.values() if isinstance(inner, dict))
