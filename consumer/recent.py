"""What single-contact requests went out within the last minute. Pure.

eSputnik refuses the same single-contact request within a minute. Such a refusal means that it is
done only if nothing else about the contact has gone out since.
"""

from collections import deque
from collections.abc import Iterable
from hashlib import sha256

WINDOW = 61.0  # s


class Recent:
    """The last request about each contact, as far as it matters. Plain state, one owner."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[float, bytes | None]] = {}
        self._noted: deque[tuple[float, str]] = deque()
        self._others_until = float("-inf")

    def took_over(self, now: float) -> None:
        """Note that another process may have sent anything about anybody until now."""
        self._others_until = now + WINDOW
        self._last = {name: (at, None) for name, (at, _) in self._last.items()}

    def sent(self, names: Iterable[str], body: bytes | None, now: float) -> None:
        """Note a request about these names; `body` of a guarded one, None of any other."""
        self._forget(now)
        mark = _mark(body) if body is not None else None
        for name in names:
            if mark is not None:
                self._last[name] = (now, mark)
                self._noted.append((now, name))
            elif name in self._last:
                self._last[name] = (self._last[name][0], None)

    def was_last(self, names: Iterable[str], body: bytes, now: float) -> bool:
        """Tell whether the same request was the last about each of these names."""
        self._forget(now)
        mark = _mark(body)
        return all(self._last.get(name, (0.0, None))[1] == mark for name in names)

    def knows(self, names: Iterable[str], now: float) -> bool:
        """Tell whether a guarded request about any of these names may have gone out before.

        Within the minute, that is.
        """
        self._forget(now)
        return now < self._others_until or any(name in self._last for name in names)

    def __len__(self) -> int:
        """Return how many names are remembered."""
        return len(self._last)

    def _forget(self, now: float) -> None:
        while self._noted and self._noted[0][0] < now - WINDOW:
            at, name = self._noted.popleft()
            if self._last.get(name, (None,))[0] == at:
                del self._last[name]


def _mark(body: bytes) -> bytes:
    return sha256(body).digest()
