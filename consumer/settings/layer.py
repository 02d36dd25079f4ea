"""What one source says of the settings: values by path, where each stands, what is wrong. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, get_origin

import orjson

from consumer.settings.faults import unknown
from consumer.settings.model import LEAVES

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


@dataclass(slots=True)
class Layer:
    """Values and where each stands, by path; the faults, a line each, and the settings they hit."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    faulty: set[str] = field(default_factory=set)

    def put(self, path: str, value: object, origin: str, given: str) -> None:
        """Set one setting; `given` is how a fault names it. Texts of maps are read as JSON."""
        if path not in LEAVES:
            self.faults.append(unknown(path, given))
            return
        try:
            self.values[path] = _decoded(path, value) if isinstance(value, str) else value
            self.origins[path] = origin
        except orjson.JSONDecodeError:
            self.refuse(path, f'{given}: is not valid JSON; write an object such as {{"NAME": …}}')

    def refuse(self, path: str, *lines: str) -> None:
        """Note what is wrong with a setting, and forget its value; what follows from it is left."""
        if path not in self.faulty:
            self.faults += lines
        self.faulty.add(path)
        self.values.pop(path, None)

    def over(self, lower: "Layer") -> "Layer":
        """Return what both say; this one has the last word."""
        return Layer(
            values=lower.values | self.values,
            origins=lower.origins | self.origins,
            faults=lower.faults + self.faults,
            faulty=lower.faulty | self.faulty,
        )

    def nested(self) -> dict[str, Any]:
        """Return the values as the models take them."""
        root: dict[str, Any] = {}
        for path, value in self.values.items():
            *above, name = path.split(".")
            node = root
            for part in above:
                node = node.setdefault(part, {})
            node[name] = value
        return root


def _decoded(path: str, text: str) -> object:
    """Return a text as the value it stands for; an empty one is none where there may be none."""
    if get_origin(LEAVES[path].annotation) is dict:
        return orjson.loads(text)
    is_optional = LEAVES[path].default is None
    return None if is_optional and not text else text


# -- documents ------------------------------------------------------------------------------


def read_document(document: Mapping[Any, Any], file: str, environ: Mapping[str, str]) -> Layer:
    """Return what a document of settings says, its `${VAR}` and `${VAR:-default}` filled in."""
    layer = Layer()
    for path, value in _flat(document):
        missing: dict[str, None] = {}  # in order, each once
        filled = _filled(value, environ, missing)
        if missing and path in LEAVES:
            layer.refuse(path, *(_unset(name, file) for name in missing))
        else:
            layer.put(path, filled, file, f"{path} (in {file})")
    layer.faults = list(dict.fromkeys(layer.faults))  # a variable may stand in many settings
    return layer


def _filled(node: Any, environ: Mapping[str, str], missing: dict[str, None]) -> Any:  # noqa: ANN401 - any document
    """Fill in variables, in values only; those that are not set are noted in `missing`."""
    match node:
        case dict():
            return {str(name): _filled(value, environ, missing) for name, value in node.items()}
        case list():
            return [_filled(value, environ, missing) for value in node]
        case str():
            return _VARIABLE.sub(lambda found: _variable(found, environ, missing), node)
        case _:
            return node


def _variable(found: re.Match[str], environ: Mapping[str, str], missing: dict[str, None]) -> str:
    """Return a variable's value; as in a shell, the default also stands for an empty one."""
    name, default = found.groups()
    if default is not None:
        return environ.get(name) or default
    if name not in environ:
        missing[name] = None
    return environ.get(name, "")


def _unset(name: str, file: str) -> str:
    return f"{name}: is not set, but {file} uses it; set it, or write ${{{name}:-default}}"


def _flat(node: Mapping[Any, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield settings by path. Maps that are settings themselves stay whole, empty groups go."""
    for name, value in node.items():
        path = f"{above}{name}"
        is_group = any(leaf.startswith(f"{path}.") for leaf in LEAVES)
        if isinstance(value, dict) and path not in LEAVES and (value or is_group):
            yield from _flat(value, f"{path}.")
        elif value is not None or not is_group:
            yield path, value
