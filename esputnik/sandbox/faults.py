"""What goes wrong: by the dice of a plan, and by rules that name their requests."""

import random
from collections.abc import Iterable, Mapping
from typing import Any

from esputnik.sandbox.rules import NOTHING, Effect, Rule, joined
from esputnik.sandbox.told import checked
from esputnik.sandbox.wire import Object

KINDS = ("500", "429", "reset", "late", "slow", "import_error", "import_stuck")
SLOW_SECONDS = (0.1, 1.0)
IMPORT = "bulk-contacts"


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
        self.plan(dict(probabilities))

    def plan(self, probabilities: object) -> None:
        """Replace the probabilities, by kind.

        Raises:
            ValueError: A kind is unknown, or a probability is not between 0 and 1.
        """
        if not isinstance(probabilities, dict):
            raise ValueError("the faults are an object of probabilities")  # noqa: TRY004 - as said
        for kind, chance in probabilities.items():
            if kind not in KINDS:
                raise ValueError(f"{kind} is not a fault; use one of {', '.join(KINDS)}")
            if not isinstance(chance, int | float) or not 0 <= chance <= 1:
                raise ValueError(f"{kind}: a probability is between 0 and 1")
        self._probabilities = dict(probabilities)

    def rule(self, rules: Iterable[Object]) -> None:
        """Replace the rules. Raises ValueError for what is no `Rule`."""
        self._rules = [checked(Rule, rule) for rule in rules]

    def shown(self) -> dict[str, Any]:
        """Return the probabilities, and the rules with how often they are still to strike."""
        told = [rule.model_dump(by_alias=True, exclude_defaults=True) for rule in self._rules]
        return {"faults": self._probabilities, "rules": told}

    def befall(self, action: str, path: str, body: bytes) -> Effect:
        """Return what befalls a request: of all rules that strike, and of the dice."""
        if not self._rules and not self._probabilities:
            return NOTHING
        effect = self._rolled(action)
        for rule in self._rules:
            if rule.strikes(action, path, body):
                effect = joined(effect, rule.effect())
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
                return {"status": 500}
            case "429":
                return {"status": 429}
            case "reset":
                return {"reset": "before"}
            case "late":
                return {"reset": "after"}
            case "slow":
                return {"delay": self._rng.uniform(*SLOW_SECONDS)}
            case _:
                return {"import_fate": kind.removeprefix("import_")}
