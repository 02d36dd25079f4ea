"""An account behind something that writes the time to come again as a date.

Source: RFC 9110, section 10.2.3: servers, and proxies before them, may write seconds or a date.
"""

from dataclasses import replace
from email.utils import formatdate

from esputnik.sandbox.account import Account
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import SandboxAnswer, SandboxRequest

AGO = 60  # s; how long a date is over that is


class DatedAccount(Account):
    """`form` of the time to come again: seconds, date, or over: a date in the past."""

    def __init__(self, *, switches: Switches, seed: int, form: str) -> None:
        super().__init__(switches=switches, seed=seed)
        self._form = form

    def handle(self, request: SandboxRequest, now: float) -> SandboxAnswer:
        """Return the answer to a request, and do what it asks."""
        answer = super().handle(request, now)
        seconds = answer.headers.get("Retry-After")
        if seconds is None or self._form == "seconds":
            return answer
        until = now - AGO if self._form == "over" else now + int(seconds)
        dates = {
            "Date": formatdate(now, usegmt=True),
            "Retry-After": formatdate(until, usegmt=True),
        }
        return replace(answer, headers={**answer.headers, **dates})
