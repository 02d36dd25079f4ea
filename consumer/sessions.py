"""How imports end: whether all of them fail, or those of one contact alone. Pure."""

from collections import deque
from dataclasses import dataclass

IMPORT_FAILED = "import failed"  # the cause of calls whose import ended in an error
IMPORT_LOST = "import lost"  # of those whose import does not end, or is not known any more
IN_A_ROW = {IMPORT_FAILED: 10, IMPORT_LOST: 3}  # that mean an outage, by how the last one failed
REMEMBERED = 1000  # imports


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The end of an import that `began` then; `cause` tells how it failed, if it did.

    `is_first`: none of its calls was in one that failed before.
    """

    began: float
    cause: str = ""
    is_first: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Meanwhile:
    """What became of imports that began after the first one of some calls had failed.

    `finished` of anybody; `failed` of others at their first attempt; `failed_again` of anybody.
    """

    finished: int = 0
    failed: int = 0
    failed_again: int = 0


class Sessions:
    """The imports that ended last, and how many `finished` in all. Plain state, one owner."""

    def __init__(self) -> None:
        self.finished = 0
        self._endings: deque[Ending] = deque(maxlen=REMEMBERED)
        self._failed = 0

    def note(self, ending: Ending) -> bool:
        """Count an import that ended; tell whether so many failed in a row that all may."""
        self._endings.append(ending)
        self._failed = self._failed + 1 if ending.cause else 0
        self.finished += not ending.cause
        return bool(ending.cause) and self._failed >= IN_A_ROW[ending.cause]

    def explained(self) -> None:
        """Note that those that failed in a row did so for one contact's sake."""
        self._failed = 0

    def meanwhile(self, since: float) -> Meanwhile:
        """Return what became of those that began since."""
        later = [one for one in self._endings if one.began >= since]
        finished = sum(not one.cause for one in later)
        failed = sum(bool(one.cause) and one.is_first for one in later)
        return Meanwhile(
            finished=finished, failed=failed, failed_again=len(later) - finished - failed
        )
