"""How an action fares: whether it is down, and how often it succeeds in the long run. Pure."""

from collections import deque

IN_A_ROW = 5  # failures that mean an outage
WINDOW = 30.0  # s
LEAST_REQUESTS = 20  # of a window, before its share of failures means anything
DOWN_SHARE = 0.5
LONG_RUN = 30  # minutes
MINUTE = 60.0  # s


class Pulse:
    """The failures and successes of the requests of one action. Plain state, one owner."""

    def __init__(self) -> None:
        self._in_a_row = 0
        self._recent: deque[tuple[float, bool]] = deque()
        self._minutes: deque[tuple[int, int, int]] = deque(maxlen=LONG_RUN)

    def note(self, now: float, *, ok: bool) -> None:
        """Count a request that succeeded, or failed by no fault of its own."""
        self._in_a_row = 0 if ok else self._in_a_row + 1
        self._recent.append((now, ok))
        while self._recent[0][0] < now - WINDOW or len(self._recent) > 10 * LEAST_REQUESTS:
            self._recent.popleft()
        minute = int(now // MINUTE)
        last = self._minutes[-1] if self._minutes else (minute - 1, 0, 0)
        if last[0] == minute:
            self._minutes.pop()
        else:
            last = (minute, 0, 0)
        self._minutes.append((minute, last[1] + ok, last[2] + (not ok)))

    def is_down(self) -> bool:
        """Tell whether what was counted lately means an outage."""
        if self._in_a_row >= IN_A_ROW:
            return True
        failed = sum(not ok for _, ok in self._recent)
        return len(self._recent) >= LEAST_REQUESTS and failed >= DOWN_SHARE * len(self._recent)

    def success(self, now: float, *, since: float, but_failures: int = 0) -> float:
        """Return the share of successes since then, 0 to 1; 0 where there were none.

        It counts whole minutes but for the first one, and half an hour at the most.
        `but_failures` are left out of the count: those of the one whose fault is in question.
        """
        # The minute in which it began tells of what was before as well.
        begun = since // MINUTE + (now - since >= MINUTE)
        oldest = max(now // MINUTE - LONG_RUN + 1, begun)
        counted = [(ok, failed) for minute, ok, failed in self._minutes if minute >= oldest]
        ok = sum(one[0] for one in counted)
        failed = max(0, sum(one[1] for one in counted) - but_failures)
        return ok / (ok + failed) if ok else 0.0
