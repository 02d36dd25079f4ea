"""Recognises events that come again: producers repeat themselves, and every send reaches a person.

A repeat is the same identity, type and content. A bounded memory: what was long ago is sent again.
Pure.
"""

from enum import Enum

REMEMBERED = 50_000  # events; about 10 MB


class Seen(Enum):
    """What is known of an event that came."""

    NEW = "new"
    REPEAT = "repeat"
    OTHER = "other"  # the same identity with other content


class Repeats:
    """The last events by identity, finished or not. Plain state, one owner."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._content: dict[str, int] = {}

    def look(self, identity: str, content: int) -> Seen:
        """Return what is known of an event, and remember it. `content` is a hash of all it says."""
        known = self._content.get(identity)
        if known == content:
            return Seen.REPEAT
        self._content[identity] = content
        if known is not None:
            return Seen.OTHER
        if len(self._content) > self._remembered:
            del self._content[next(iter(self._content))]
        return Seen.NEW

    def forget(self, identity: str) -> None:
        """Forget an event that goes to another member unfinished: it may come back."""
        self._content.pop(identity, None)
