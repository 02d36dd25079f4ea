"""Reads what look-ups found. eSputnik's searches are no exact matches, so ours compare again."""

from collections.abc import Iterator, Sequence

import orjson

from esputnik.bodies import Object, document, id_in, one_or_many, text_in
from esputnik.call import Request
from esputnik.matching import digits
from esputnik.outcome import Answer
from esputnik.requests.contacts import MAX_ROWS


def found_contacts(answer: Answer) -> Sequence[Object] | None:
    """Return the contacts of a search; None where the body is no list of them, each with an id."""
    return _rows(answer, "id")


def hides_some(answer: Answer) -> bool:
    """Tell whether a search may have found more contacts than it shows: at most `MAX_ROWS`.

    The header TotalCount is not looked at: it was seen to be far too low.
    Source: docs.yespo.io/reference/searchcontacts-1, of maxrows.
    """
    return len(found_contacts(answer) or ()) >= MAX_ROWS


def found_contact(request: Request, answer: Answer) -> dict[str, str] | None:
    """Return the id of the contact that was searched for, and its e-mail where it has one.

    Of several the first counts: eSputnik lists the most recently updated first.
    """
    for contact in found_contacts(answer) or ():
        if (contact_id := id_in(contact.get("id"))) and _is_asked_for(contact, request):
            email = next(_values(contact, "email"), "")
            return {"id": contact_id} | ({"email": email} if email else {})
    return None


def subscription_keys(answer: Answer) -> dict[str, str] | None:
    """Return the contact's category keys as a JSON list, sorted; None where it is not understood.

    What is sent back replaces them all, so a row without a key is never passed over.
    """
    categories = _rows(answer, "key")
    if categories is None:
        return None
    keys = sorted({text_in(category["key"]) for category in categories})
    return {"subscriptions": orjson.dumps(keys).decode()}


def _rows(answer: Answer, name: str) -> Sequence[Object] | None:
    """Return the objects of a body; None where one of them lacks this member, or is none."""
    rows = one_or_many(document(answer))
    return rows if rows is not None and all(text_in(row.get(name)) for row in rows) else None


def _is_asked_for(contact: Object, request: Request) -> bool:
    for name, wanted in request.query:
        if name == "externalCustomerId":
            # Search results need not carry it; one that does must be the one asked for.
            return text_in(contact.get(name)) in {"", wanted}
        if name == "email":
            return wanted.lower() in {value.lower() for value in _values(contact, "email")}
        if name == "sms":
            return digits(wanted) in {digits(value) for value in _values(contact, "sms")}
    return False


def _values(contact: Object, kind: str) -> Iterator[str]:
    for channel in one_or_many(contact.get("channels")) or ():
        if text_in(channel.get("type")) == kind and (value := text_in(channel.get("value"))):
            yield value
