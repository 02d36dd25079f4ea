"""What goes wrong, by plan or by chance of a seed. Pure.

By chance: `500`, `429` (refused before the work), `reset` (hung up before the work), `late` (the
work done, then hung up), `slow` (a second's wait), `import_error`, `import_stuck`.
By plan: rules, the first that fits counts:
{"action"?, "path"?, "contains"?, "times"?, then one of
 "status" and "text", "item_error", "delay" s, "reset": "before"|"after", "import": "error"|"stuck"}
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from esputnik.sandbox.wire import Asked

KINDS = ("500", "429", "reset", "late", "slow", "import_error", "import_stuck")
SLOW_SECONDS = 1.0
_IMPORTS = frozenset({"import_error", "import_stuck"})
_RULE_KEYS = frozenset(
    {"action", "path", "contains", "times", "status", "text", "item_error"}
    | {"delay", "reset", "import"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is done to one request. `hang_up` is `before` or `after` the work."""

    status: int | None = None
    text: str = ""
    item_error: tuple[str, str] | None = None  # the text that an item holds, and the error
    delay: float = 0.0
    hang_up: str | None = None
    import_end: str | None = None  # error or stuck


class Faults:
    """The plan and the dice. Plain state, one owner."""

    def __init__(self, chances: Mapping[str, float], seed: int) -> None:
        self.chances: dict[str, float] = {}
        self.rules: list[dict[str, Any]] = []
        self._rng = random.Random(seed)  # noqa: S311 - a simulator's dice
        self.set_chances(chances)

    def set_chances(self, chances: Mapping[str, float]) -> None:
        """Replace the chances. Raises ValueError for an unknown kind or no probability."""
        for kind, chance in chances.items():
            if kind not in KINDS:
                raise ValueError(f"{kind}: no such fault; the kinds are {', '.join(KINDS)}")
            if not 0 <= chance <= 1:
                raise ValueError(f"{kind}: a probability is between 0 and 1")
        self.chances = dict(chances)

    def set_rules(self, rules: Sequence[Mapping[str, Any]]) -> None:
        """Replace the rules. Raises ValueError for a member that is not known."""
        for rule in rules:
            if strangers := set(rule) - _RULE_KEYS:
                raise ValueError(f"{min(strangers)}: no such member of a rule")
        self.rules = [dict(rule) for rule in rules]

    def of(self, action: str, asked: Asked) -> Fault:
        """Return what is done to a request."""
        for rule in self.rules:
            if rule.get("times", 1) > 0 and _fits(rule, action, asked):
                if "times" in rule:
                    rule["times"] -= 1
                return _by_plan(rule)
        return self._by_chance(action)

    def _by_chance(self, action: str) -> Fault:
        for kind, chance in self.chances.items():
            is_for_imports = kind in _IMPORTS
            if is_for_imports and action != "bulk-contacts":
                continue
            if self._rng.random() < chance:
                return _named(kind)
        return Fault()


def _fits(rule: Mapping[str, Any], action: str, asked: Asked) -> bool:
    return (
        rule.get("action", action) == action
        and str(rule.get("path", "")) in asked.path
        and str(rule.get("contains", "")).encode() in asked.body
    )


def _by_plan(rule: Mapping[str, Any]) -> Fault:
    error = rule.get("item_error")
    return Fault(
        status=rule.get("status"),
        text=str(rule.get("text", "")),
        item_error=(str(rule.get("contains", "")), str(error)) if error is not None else None,
        delay=float(rule.get("delay", 0.0)),
        hang_up=rule.get("reset"),
        import_end=rule.get("import"),
    )


def _named(kind: str) -> Fault:
    match kind:
        case "500":
            return Fault(status=500, text="Internal server error")
        case "429":
            return Fault(status=429, text="Too many requests")
        case "reset":
            return Fault(hang_up="before")
        case "late":
            return Fault(hang_up="after")
        case "slow":
            return Fault(delay=SLOW_SECONDS)
        case _:
            return Fault(import_end=kind.removeprefix("import_"))
