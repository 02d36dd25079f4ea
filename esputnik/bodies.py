"""Reads eSputnik's bodies, which come out of an XML mapping.

A list of one may be a bare object, an empty list may be absent, numbers may be strings, and some
answers are plain sentences or empty.

Source: the schema notes of FailedContact, SendMessageResultsDto and AddressBook in the OpenAPI
description at docs.yespo.io/reference.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import orjson

from esputnik.outcome import Answer

Object: TypeAlias = Mapping[str, object]


class Unreadable:
    """A body that is no JSON."""


UNREADABLE = Unreadable()


def document(answer: Answer) -> object:
    """Return the body's JSON, or `UNREADABLE`; NaN, a byte order mark and nesting are refused."""
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return UNREADABLE


def object_in(answer: Answer) -> Object | None:
    """Return the body's JSON object; None if it is anything else."""
    found = document(answer)
    return found if isinstance(found, dict) else None


def one_or_many(value: object) -> Sequence[Object] | None:
    """Return the objects of a list; a bare object counts as a list of one, nothing as an empty one.

    None where it is neither, or the list holds something else.
    """
    if value is None or value == "":
        return ()
    many: list[Object] = value if isinstance(value, list) else [value]  # type: ignore[list-item]
    return many if all(isinstance(one, dict) for one in many) else None


def text_in(value: object) -> str:
    """Return a scalar as trimmed text; empty for null, booleans, lists and objects."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def id_in(value: object) -> str:
    """Return an id as text; empty where there is none, and for the 0 that means none."""
    found = text_in(value)
    return "" if found == "0" else found


def is_page(answer: Answer) -> bool:
    """Tell whether the body is a page for people: some proxy answered, not eSputnik."""
    return answer.body.lstrip()[:1] == b"<" or "html" in answer.headers.get("content-type", "")
