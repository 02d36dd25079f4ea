"""What goes wrong: by the dice of a plan, or by rules that name their requests."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from esputnik.sandbox.wire import Object

KINDS = ("500", "429", "reset", "late", "slow", "import_error", "import_stuck")
SLOW_SECONDS = (0.1, 1.0)
IMPORT = "bulk-contacts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What befalls one request. `status` and `reset="before"` come in place of the work."""

    status: int | None = None
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    reset: Literal["before", "after"] | None = None
    import_fate: Literal["error", "stuck"] | None = None
    item_errors: tuple[tuple[bytes, str], ...] = ()


NOTHING = Effect()


@dataclass(slots=True, kw_only=True)
class Rule:
    """An effect on the requests of an action or a path whose body contains a text.

    `left` is how often it still strikes; None for always.
    """

    action: str | None = None
    path: str | None = None
    contains: bytes = b""
    left: int | None = None
    effect: Effect

    def strikes(self, action: str, path: str, body: bytes) -> bool:
        """Tell whether the rule applies to a request, and count that it did."""
        is_meant = self.action in {None, action} and self.path in {None, path}
        if not is_meant or self.left == 0 or self.contains not in body:
            return False
        if self.left is not None:
            self.left -= 1
        return True


class Faults:
    """Decides what befalls each request.

    Probabilities by kind: `500` and `429` answer so and do nothing, `reset` closes the connection
    and does nothing, `late` does the work and closes it, `slow` takes up to a second,
    `import_error` and `import_stuck` take an import that fails or never ends.
    """

    def __init__(self, probabilities: Mapping[str, float], seed: int) -> None:
        self._rng = random.Random(f"faults {seed}")  # noqa: S311 - chance, not secrecy
        self._probabilities: dict[str, float] = {}
        self._rules: list[Rule] = []
        self.plan(probabilities)

    def plan(self, probabilities: Mapping[str, float]) -> None:
        """Replace the probabilities.

        Raises:
            ValueError: A kind is unknown, or a probability is not between 0 and 1.
        """
        for kind, chance in probabilities.items():
            if kind not in KINDS:
                raise ValueError(f"{kind}: no such fault; there are {', '.join(KINDS)}")
            if not 0 <= chance <= 1:
                raise ValueError(f"{kind}: a probability is between 0 and 1")
        self._probabilities = dict(probabilities)

    def rule(self, rules: Iterable[Object]) -> None:
        """Replace the rules, each as JSON gives it; see `read_rule`."""
        self._rules = [read_rule(rule) for rule in rules]

    def befall(self, action: str, path: str, body: bytes) -> Effect:
        """Return what befalls a request: of all rules that strike, and of the dice."""
        if not self._rules and not self._probabilities:
            return NOTHING
        effect = self._rolled(action)
        for rule in self._rules:
            if rule.strikes(action, path, body):
                effect = _joined(effect, rule.effect)
        return effect

    def _rolled(self, action: str) -> Effect:
        fates: dict[str, Any] = {}
        for kind in KINDS:
            chance = self._probabilities.get(kind, 0.0)
            if (kind.startswith("import") and action != IMPORT) or not chance:
                continue
            if self._rng.random() < chance:
                for name, value in self._fate(kind).items():
                    fates.setdefault(name, value)
        return Effect(**fates)

    def _fate(self, kind: str) -> dict[str, Any]:
        match kind:
            case "500":
                return {"status": 500, "text": "Internal Server Error"}
            case "429":
                return {"status": 429, "text": "Too many requests"}
            case "reset":
                return {"reset": "before"}
            case "late":
                return {"reset": "after"}
            case "slow":
                return {"delay": self._rng.uniform(*SLOW_SECONDS)}
            case _:
                return {"import_fate": kind.removeprefix("import_")}


def read_rule(rule: Object) -> Rule:
    """Return a rule from its JSON; only what shall happen need be named.

    `action` or `path` (from `/v1`), `contains` (a text within the body), `times` (null: always);
    `status`, `text`, `headers` (answer so in place of the work); `item_error` (the items of a bulk
    request that contain the text fail with this); `delay` (seconds); `reset` (`before` or `after`
    the work); `import` (`error` or `stuck`).

    Raises:
        ValueError: A member is unknown, or its value is.
    """
    known = {"action", "path", "contains", "times", "status", "text", "headers"}
    if strangers := set(rule) - known - {"item_error", "delay", "reset", "import"}:
        raise ValueError(f"{min(strangers)}: a rule has no such member")
    if rule.get("reset") not in {None, "before", "after"}:
        raise ValueError("reset: must be before or after")
    if rule.get("import") not in {None, "error", "stuck"}:
        raise ValueError("import: must be error or stuck")
    contains = str(rule.get("contains", "")).encode()
    error = rule.get("item_error")
    return Rule(
        action=rule.get("action"),
        path=rule.get("path"),
        contains=contains,
        left=rule.get("times"),
        effect=Effect(
            status=rule.get("status"),
            text=str(rule.get("text", "")),
            headers=dict(rule.get("headers") or {}),
            delay=float(rule.get("delay") or 0),
            reset=rule.get("reset"),
            import_fate=rule.get("import"),
            item_errors=() if error is None else ((contains, str(error)),),
        ),
    )


def _joined(first: Effect, second: Effect) -> Effect:
    """Return both effects as one; what the second names wins."""
    return replace(
        first if second.status is None else second,
        delay=max(first.delay, second.delay),
        reset=second.reset or first.reset,
        import_fate=second.import_fate or first.import_fate,
        item_errors=first.item_errors + second.item_errors,
    )
