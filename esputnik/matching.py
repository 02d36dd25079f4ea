"""Finds the calls that an answer says failed: by what the items are about, never by position."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from esputnik.bodies import Object, one_or_many, text_in
from esputnik.call import Call

_DIGITS = frozenset("0123456789")
_PHONE = re.compile(r"\+[0-9 ()-]+")


def failures_by_call(failures: Sequence[Object], calls: Sequence[Call]) -> dict[int, str] | None:
    """Return the error text of each call that failed, by its index.

    A single call needs no matching. None where a failure fits none of the calls: then it is not
    known which of them failed.
    """
    if not failures:
        return {}
    if len(calls) == 1:
        return {0: text_in(failures[0].get("error"))}
    by_mark = _indexes_by_mark(calls)
    texts: dict[int, str] = {}
    for failure in failures:
        fitting = [index for mark in marks_of(failure) for index in by_mark.get(mark, ())]
        if not fitting:
            return None
        texts |= dict.fromkeys(fitting, text_in(failure.get("error")))
    return texts


def _indexes_by_mark(calls: Sequence[Call]) -> Mapping[str, Sequence[int]]:
    """Look through the calls once: there may be thousands, and as many failures."""
    indexes: defaultdict[str, list[int]] = defaultdict(list)
    for index, call in enumerate(calls):
        for mark in call.marks:
            indexes[mark].append(index)
    return indexes


def marks_of(failure: Object) -> Iterator[str]:
    """Return the spellings by which a failed contact or order names itself."""
    order = failure.get("order", failure)
    if number := text_in(order.get("externalOrderId") if isinstance(order, dict) else order):
        yield f"order:{number}"
    if identifier := text_in(failure.get("externalCustomerId")):
        yield f"id:{identifier}"
    for channel in one_or_many(failure.get("channels")) or ():
        kind, value = text_in(channel.get("type")), text_in(channel.get("value"))
        if kind == "email":
            yield f"email:{value.lower()}"
        elif kind == "sms":
            yield f"sms:{digits(value)}"


def digits(text: str) -> str:
    """Return the digits of a phone."""
    return "".join(sign for sign in text if sign in _DIGITS)


def plain_value(value: str) -> str:
    """Return a value as it is compared: an e-mail in lower case, a phone in digits, others as is.

    What a value is shows in its form alone, so spell both sides of a comparison by this.
    """
    if "@" in value:
        return value.lower()
    return digits(value) if _PHONE.fullmatch(value) else value
