"""What lasts for how long, and which of it is worth a line of the log. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

PATIENCE = 10.0  # s that something lasts before it is told


class Spell(NamedTuple):
    """Something that has lasted for a while, or is over: it has no cause then."""

    what: str
    cause: str | None
    seconds: float


class Spells:
    """Since when things last that have no beginning of their own. Plain state, one owner."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}
        self._told: set[str] = set()

    def look(self, lasting: Mapping[str, str], now: float) -> list[Spell]:
        """Note what lasts just now, and why; return once what is worth telling, and its end."""
        over = {what: self._since.pop(what) for what in sorted(self._since.keys() - lasting.keys())}
        told = [Spell(what, None, now - at) for what, at in over.items() if what in self._told]
        self._told -= over.keys()
        for what, cause in lasting.items():
            lasted = now - self._since.setdefault(what, now)
            if lasted >= PATIENCE and what not in self._told:
                self._told.add(what)
                told.append(Spell(what, cause, lasted))
        return told

    def seconds(self, what: str, now: float) -> float:
        """Return how long something has lasted, 0 if it does not."""
        return now - self._since.get(what, now)
