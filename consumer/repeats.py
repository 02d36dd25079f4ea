"""Recognises events that come again: producers repeat themselves, and every send reaches a person.

A repeat is the same identity, type and content. A bounded memory: what was long ago is sent again.
Pure.
"""

from enum import Enum

REMEMBERED = 50_000  # events at least, twice as many at most; some 20 MB


class Seen(Enum):
    """What is known of an event that came."""

    NEW = "new"
    REPEAT = "repeat"
    OTHER = "other"  # the same identity with other content


class Repeats:
    """The last events by identity, finished or not. Plain state, one owner.

    Two generations: when the younger is full it becomes the older, whose events are forgotten.
    """

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._young: dict[str, int] = {}
        self._old: dict[str, int] = {}

    def look(self, identity: str, content: int) -> Seen:
        """Return what is known of an event, and remember it. `content` is a hash of all it says."""
        known = self._young.get(identity)
        if known is None:
            known = self._old.get(identity)
        if known == content:
            return Seen.REPEAT
        if len(self._young) >= self._remembered:
            self._old, self._young = self._young, {}
        self._young[identity] = content
        return Seen.NEW if known is None else Seen.OTHER

    def forget(self, identity: str) -> None:
        """Forget an event that goes to another member unfinished: it may come back."""
        self._young.pop(identity, None)
        self._old.pop(identity, None)
