"""Reads answers: what became of each call. Tolerant of form, strict about the verdict.

A failure may hide in a 200: failed items, results with a status of ERROR, an `errors` member. A
body that should hold a verdict and does not is no success: the request may have run, and is
`Deferred` with the cause `contract`.

`Call.marks` are the spellings by which an answer may name an item: `email:` (lower case), `sms:`
(digits), `id:` (externalCustomerId), `order:` (externalOrderId), `domain:`.
"""

from collections.abc import Callable, Mapping, Sequence

import orjson

from esputnik.bodies import (
    Object,
    document,
    id_in,
    is_empty,
    is_page,
    object_in,
    one_or_many,
    text_in,
)
from esputnik.call import Action, Call, Request, Shape
from esputnik.imports import Failed, Finished, Importing, Lost, read_import_status
from esputnik.matching import failures_by_call
from esputnik.outcome import (
    Accepted,
    Answer,
    Blocked,
    Deferred,
    Delivered,
    NoAnswer,
    Outcome,
    Rejected,
    Scope,
)
from esputnik.people import domain_of, found_contact, is_search, subscription_keys
from esputnik.statuses import detail, is_success, not_understood, refused, without_answer

__all__ = [
    "Failed",
    "Finished",
    "Importing",
    "Lost",
    "confirms",
    "learn",
    "read",
    "read_bulk",
    "read_import_status",
    "read_token",
]


def read(call: Call, answer: Answer | NoAnswer) -> Outcome:
    """Return the outcome of a call that had a request of its own."""
    unsuccessful = _unsuccessful(call.action, answer, is_bulk=False)
    if unsuccessful is not None or isinstance(answer, NoAnswer):
        return unsuccessful or Delivered()
    return _READERS.get(call.action, _taken)(call, answer)
