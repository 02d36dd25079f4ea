"""I21: after a 429 nothing of its quota leaves before the time is over that it named."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from esputnik.call import Action, Quota, Request
from esputnik.outcome import Answer, NoAnswer
from tests.simulation.events import SMS_SEGMENT

LEAST = 1.0  # s, where a 429 names no time, or one that is over
MOMENT = 1e-3  # s; what was let go as the answer came leaves all the same


class Throttles:
    """What one replica has heard. What is urgent waits for a 429 to an opt-out alone."""

    def __init__(self) -> None:
        self._until: dict[tuple[Quota, bool], float] = {}
        self._heard_at = 0.0

    def heard(self, request: Request, answer: Answer | NoAnswer, now: float) -> None:
        """Take note of an answer."""
        if not isinstance(answer, Answer) or answer.status != 429:
            return
        until, self._heard_at = now + _named(answer.headers), now
        for is_urgent in {False, is_opt_out(request)}:
            before = self._until.get((request.quota, is_urgent), 0.0)
            self._until[request.quota, is_urgent] = max(before, until)

    def early(self, request: Request, now: float) -> float:
        """Return how many seconds too early a request leaves."""
        is_urgent = is_opt_out(request) or request.action in {
            Action.ACCOUNT_INFO,
            Action.FIND_CONTACT,
        }
        early = self._until.get((request.quota, is_urgent), 0.0) - now
        return early if early > MOMENT and now > self._heard_at + MOMENT else 0.0

    def is_shut(self, now: float) -> bool:
        """Tell whether opt-outs were told to wait."""
        return self._until.get((Quota.DEFAULT, True), 0.0) > now


def is_opt_out(request: Request) -> bool:
    """Tell whether a request tells opt-outs: by the list of e-mails, or by a segment."""
    if request.action is Action.ATTACH_CONTACTS:
        return f"/{SMS_SEGMENT}/" in request.path
    return request.action is Action.ADD_UNSUBSCRIBED


def _named(headers: Mapping[str, str]) -> float:
    """Return the seconds that an answer says to wait; a date counts by the answer's own."""
    text, date = headers.get("retry-after", ""), headers.get("date")
    if text.isdigit():
        return max(LEAST, float(text))
    if not text or date is None:
        return LEAST
    seconds = (parsedate_to_datetime(text) - parsedate_to_datetime(date)).total_seconds()
    return max(LEAST, seconds)
