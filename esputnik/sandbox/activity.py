"""The activity feed: what people did at eSputnik itself. Source: docs.yespo.io/docs/webhooks."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from esputnik.sandbox.book import Book
from esputnik.sandbox.order_forms import date_of
from esputnik.sandbox.wire import (
    Asked,
    Object,
    RefusedError,
    SandboxAnswer,
    json_answer,
    number_of,
    text_of,
)

MAX_ROWS = 25_000
LONGEST = timedelta(days=92)  # three months
# What a row must hold for a query's parameter.
_FILTERS = ("activityStatus", "email", "sms", "webPushToken", "mobPushToken")


class Activity:
    """The rows of the feed, the oldest first. `activityDateTime` is UTC without a zone."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._rows: list[dict[str, Any]] = []

    def happened(self, rows: Iterable[Object]) -> None:
        """Take note of rows; an opt-out by e-mail is one in fact."""
        for row in [dict(one) for one in rows]:
            self._rows.append(row)
            email = text_of(row.get("email"))
            if row.get("activityStatus") == "UNSUBSCRIBED" and email:
                self._book.unsubscribed[self._book.key("email", email)] = None

    def feed(self, asked: Asked) -> SandboxAnswer:
        """List the activity between two times, at most three months apart.

        `offset` continues after the row of which it is the value.
        """
        start, end = _moment(asked.query.get("dateFrom")), _moment(asked.query.get("dateTo"))
        if start is None or end is None or end - start > LONGEST:
            raise RefusedError("dateFrom and dateTo are required, within three months")
        first = number_of(asked.query.get("offset", "0"))
        most = number_of(asked.query.get("maxrows", str(MAX_ROWS)))
        if first is None or most is None:
            raise RefusedError("offset or maxrows is not valid")
        shown = [
            {**row, "offset": str(number)}
            for number, row in enumerate(self._rows, 1)
            if number > first and _is_within(row, start, end) and self._fits(row, asked)
        ]
        return json_answer(shown[: min(most, MAX_ROWS)])

    def _fits(self, row: Object, asked: Asked) -> bool:
        for name in _FILTERS:
            wanted, held = asked.query.get(name), text_of(row.get(name))
            if wanted and self._book.key(name, wanted) != self._book.key(name, held):
                return False
        tags = [tag.strip() for tag in text_of(row.get("messageTag")).split(",")]
        return asked.query.get("messageTag", tags[0]) in tags


def _is_within(row: Object, start: datetime, end: datetime) -> bool:
    happened = _moment(row.get("activityDateTime"))
    return happened is not None and start <= happened <= end


def _moment(value: object) -> datetime | None:
    found = date_of(value)
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found
