"""What is wrong with a setting, as one line: name, what is wrong, what to write. Pure.

No line holds a value: it may be a secret.
"""

import difflib
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from consumer.settings.model import LEAVES, env_name

_WORDS = {
    "literal_error": "is not a valid value; use one of {expected}",
    "bool": "is not a boolean; write true or false",
    "int": "is not a whole number; write digits only",
    "float": "is not a number; write digits, with a decimal point if needed",
    "finite_number": "is not a finite number; write digits, with a decimal point if needed",
    "greater_than": "is too small; write a number above {gt:.15g}",
    "greater_than_equal": "is too small; write {ge:.15g} or more",
    "less_than_equal": "is too large; write {le:.15g} or less",
    "string_type": "is not a string; write it in quotes",
    "string_too_short": "is empty; write a value, or remove the setting",
    "too_short": "is empty; write at least one entry, or remove the setting",
    "dict_type": 'is not a map; write a JSON object, {{"NAME": …}}',
    "model_type": "is not a map; write a JSON object, or {{}}",
    "path_type": "is not a path; write the path of a file",
}


def path_of(error: ErrorDetails) -> str:
    """Return the path of the setting that an error is about."""
    parts = [str(part) for part in error["loc"]]
    paths = (".".join(parts[:end]) for end in range(1, len(parts) + 1))
    return next(path for path in paths if path in LEAVES)


def fault(error: ErrorDetails, origins: Mapping[str, str]) -> str:
    """Return the line of a value that is refused; `origins` tells where each path came from."""
    path = path_of(error)
    parts = error["loc"][len(path.split(".")) :]
    below = ".".join(str(part) for part in parts if part != "[key]")
    if below:
        shown = below if below.isprintable() else repr(below)
        return f"{named(path, origins)}: {shown} {_words(path, error)}"
    return f"{named(path, origins)}: {_words(path, error)} ({LEAVES[path].description})"


def named(path: str, origins: Mapping[str, str]) -> str:
    """Return a setting's environment name, and where it was set if by other means."""
    name = env_name(path)
    origin = origins.get(path, name)
    return name if origin == name else f"{name} (in {origin})"


def _words(path: str, error: ErrorDetails) -> str:
    kind, given = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return f"is not known; write {' or '.join(_members(path))}"
    words = _WORDS.get(kind) or _WORDS.get(kind.split("_", maxsplit=1)[0])
    return words.format(**given) if words else error["msg"].removeprefix("Value error, ")


def _members(path: str) -> list[str]:
    """Return what the entries of a map hold."""
    kinds: tuple[Any, ...] = get_args(LEAVES[path].annotation)
    models = (kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel))
    return [name for model in models for name in model.model_fields]


def unknown(path: str, given: str) -> str:
    """Return the line of a key that is no setting; `given` is how it was written, and where."""
    inner = [name for name in LEAVES if name.startswith(f"{path}.")]
    if inner:
        return (
            f"{given}: is a group of settings; set them one by one, for example {_both(inner[0])}"
        )
    outer = next((name for name in LEAVES if path.startswith(f"{name}.")), None)
    if outer is not None:
        return f"{given}: is not a setting; write the whole of {_both(outer)} as one JSON value"
    (near,) = difflib.get_close_matches(path, LEAVES, n=1, cutoff=0.0)
    return f"{given}: is not a setting; did you mean {_both(near)}?"


def _both(path: str) -> str:
    return f"{env_name(path)} ({path})"
