"""Many refusals with one cause are a broken mapping or account, not bad events. Pure."""

from collections import Counter, deque
from collections.abc import Mapping

LEAST = 50  # calls, before their share means anything
WINDOW = 300.0  # s


class Refusals:
    """The last calls of one action, at least `LEAST` of them within the window. Plain state."""

    def __init__(self, max_ratio: float) -> None:
        self._max_ratio = max_ratio
        self._answers: deque[tuple[float, int, Mapping[str, int]]] = deque()
        self._calls = 0

    def note(self, now: float, calls: int, refused: Mapping[str, int]) -> str | None:
        """Count calls that were answered, and how many were refused for which cause.

        Return the cause that stands behind more than `max_ratio` of them; None if none does.
        """
        self._answers.append((now, calls, refused))
        self._calls += calls
        while self._answers[0][0] < now - WINDOW or self._calls - self._answers[0][1] >= LEAST:
            self._calls -= self._answers.popleft()[1]
        if not refused or self._calls < LEAST:
            return None
        causes: Counter[str] = Counter()
        for _, _, some in self._answers:
            causes.update(some)
        cause, count = causes.most_common(1)[0]
        return cause if count > self._max_ratio * self._calls else None

    def forget(self) -> None:
        """Begin anew: whatever was wrong is mended."""
        self._answers.clear()
        self._calls = 0
