"""Reads the YAML of a settings file; a key that stands twice is refused. Pure."""

from collections.abc import Iterator
from typing import Any

import yaml

MERGE = "tag:yaml.org,2002:merge"


def read_yaml(text: str) -> Any:  # noqa: ANN401 - any document
    """Return what a text holds.

    Raises:
        ValueError: It is no YAML, a key stands twice (one of them would be lost), or an alias
            stands in what it stands for. Says where, and what to do.
    """
    try:
        for name, line in _repeated(yaml.compose(text, yaml.SafeLoader), ()):
            raise ValueError(f"contains {name} twice, again in line {line}; keep one")
        return yaml.safe_load(text)
    except yaml.YAMLError as trouble:
        mark = getattr(trouble, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark is not None else ""
        raise ValueError(f"is not valid YAML{where}; correct it") from None
    except RecursionError:
        raise ValueError("is nested too deeply; correct it") from None


def _repeated(node: Any, above: tuple[Any, ...]) -> Iterator[tuple[str, int]]:  # noqa: ANN401 - a node of the tree
    """Yield the keys that stand twice in one map, each with its line."""
    if node in above:
        raise ValueError("contains an alias of itself; write the value out")
    above = (*above, node)
    if isinstance(node, yaml.MappingNode):
        names = [key for key, _ in node.value if key.tag != MERGE]
        seen = set[str]()
        for name in names:
            if str(name.value) in seen:
                yield str(name.value), name.start_mark.line + 1
            seen.add(str(name.value))
        for _, value in node.value:
            yield from _repeated(value, above)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _repeated(value, above)
