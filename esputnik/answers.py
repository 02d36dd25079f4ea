"""Reads answers: what became of each call. Tolerant of form, strict about the verdict.

A failure may hide in a 200: failed items, results with a status of ERROR, an `errors` member. A
body that should hold a verdict and does not is no success: the request may have run, and is
`Deferred` with the cause `contract`.

`Call.marks` are the spellings by which an answer may name an item: `email:` (lower case), `sms:`
(digits), `id:` (externalCustomerId), `order:` (externalOrderId), `domain:`.
"""

from collections.abc import Callable, Mapping, Sequence

from esputnik.bodies import Object, document, id_in, is_page, object_in, one_or_many, text_in
from esputnik.call import Action, Call, Request, Shape
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
from esputnik.people import found_contact, found_contacts, hides_some, subscription_keys
from esputnik.requests.contacts import MAX_ROWS
from esputnik.statuses import (
    SMALL,
    detail,
    is_success,
    not_understood,
    refused,
    without_answer,
)


def read(call: Call, answer: Answer | NoAnswer) -> Outcome:
    """Return the outcome of a call that had a request of its own."""
    if isinstance(answer, NoAnswer):
        return without_answer(answer)
    if not is_success(answer):
        size = len((call.request.body if call.request is not None else None) or call.item)
        may_be_large = size >= SMALL
        return refused(call.action, answer, is_bulk=False, may_be_large=may_be_large)
    if is_page(answer):
        return not_understood(answer)
    return _READERS.get(call.action, _taken)(answer)


def read_bulk(
    shape: Shape, calls: Sequence[Call], answer: Answer | NoAnswer
) -> Sequence[Outcome] | Accepted:
    """Return the outcome of each call of a bulk request, in order; Accepted for a queued import.

    A failure that names none of the calls makes all of them suspects: refused as a whole.
    """
    if isinstance(answer, NoAnswer):
        return [without_answer(answer)] * len(calls)
    if not is_success(answer):
        may_be_large = len(calls) > 1 or len(calls[0].item) >= SMALL
        outcome = refused(shape.action, answer, is_bulk=True, may_be_large=may_be_large)
        return [outcome] * len(calls)
    if is_page(answer):
        return [not_understood(answer)] * len(calls)
    if shape.is_import:
        return _read_import(calls, answer)
    if shape.action is Action.ADD_ORDERS:
        return _read_orders(calls, answer)
    return [Delivered()] * len(calls)


def learn(request: Request, answer: Answer) -> dict[str, str] | None:
    """Return what a look-up taught: `id` and `email`, or `subscriptions`; None for nobody.

    Nobody is told from somebody who is not shown by `unseen`.
    """
    if request.action is Action.FIND_CONTACT:
        return found_contact(request, answer)
    if request.action is Action.GET_SUBSCRIPTIONS:
        return subscription_keys(answer)
    return None


def unseen(request: Request, answer: Answer) -> Rejected | None:
    """Return the refusal of a search that may have found whom it does not show; None elsewhere.

    A search by address also finds those that contain it, so it may find more than one answer holds.
    """
    if request.action is not Action.FIND_CONTACT or not hides_some(answer):
        return None
    detail = f"more contacts match than the {MAX_ROWS} that eSputnik shows; name the user_id"
    return Rejected(reason="esp.not_found", detail=detail, status=answer.status)


def confirms(call: Call, answer: Answer) -> bool:
    """Tell whether our own list of domains holds the one that was refused.

    No document gives the form of the list: domains or objects of them, with or without a scheme.
    """
    body = document(answer)
    told = body.get("domains", body) if isinstance(body, dict) else body
    many = told if isinstance(told, list) else [told]
    domains = (one.get("domain") if isinstance(one, dict) else one for one in many)
    held = {_host(text_in(domain)) for domain in domains} - {""}
    wanted = {_host(mark.removeprefix("domain:")) for mark in call.marks}
    return is_success(answer) and not held.isdisjoint(wanted)


def read_token(answer: Answer) -> str | None:
    """Return the token of Create API Token: a JSON string, bare text, or an object's `token`."""
    body = document(answer)
    named = body.get("token") if isinstance(body, dict) else body
    if isinstance(named, str):
        return named.strip() or None
    text = answer.body.decode(errors="replace").strip()
    is_bare = bool(text) and not is_page(answer) and not isinstance(body, dict | list)
    return text if is_bare else None


# -- bulk -----------------------------------------------------------------------------------


def _read_import(calls: Sequence[Call], answer: Answer) -> Sequence[Outcome] | Accepted:
    found = object_in(answer) or {}
    failures = one_or_many(found.get("failedContacts"))
    session = text_in(found.get("asyncSessionId"))
    if failures is None or not (failures or session or found.get("errorMessage")):
        return [not_understood(answer)] * len(calls)
    refusals = _refusals(failures, calls, answer)
    if session and refusals is None:
        return Accepted(session=session, refused={}, suspect=_suspect(answer))
    if refusals is None or not (session or failures):
        return [_suspect(answer)] * len(calls)
    if session:
        return Accepted(session=session, refused=refusals)
    rest = not_understood(answer)
    return [refusals.get(index, rest) for index in range(len(calls))]


def _read_orders(calls: Sequence[Call], answer: Answer) -> Sequence[Outcome]:
    """An empty body means that all are well. Source: third-party clients since 2018."""
    found = object_in(answer) or {}
    failures = one_or_many(found.get("failedOrders"))
    if failures is None or (answer.body.strip() and not isinstance(document(answer), dict)):
        return [not_understood(answer)] * len(calls)
    refusals = _refusals(failures, calls, answer)
    if refusals is None:
        return [_suspect(answer)] * len(calls)
    done = Delivered()
    if not refusals:
        return [done] * len(calls)
    return [refusals.get(index, done) for index in range(len(calls))]


def _refusals(
    failures: Sequence[Object], calls: Sequence[Call], answer: Answer
) -> Mapping[int, Rejected] | None:
    texts = failures_by_call(failures, calls)
    if texts is None:
        return None
    return {
        index: Rejected(
            reason="esp.partial_item", detail=detail(answer, text), status=answer.status
        )
        for index, text in texts.items()
    }


def _suspect(answer: Answer) -> Rejected:
    return Rejected(
        reason="esp.partial_item", detail=detail(answer), status=answer.status, is_whole=True
    )


def _host(domain: str) -> str:
    plain = domain.lower().rstrip("/")
    return plain.partition("://")[2] or plain


# -- calls with a request of their own ------------------------------------------------------


def _taken(_answer: Answer) -> Outcome:
    return Delivered()


def _with_object(answer: Answer) -> Outcome:
    return Delivered() if object_in(answer) is not None else not_understood(answer)


def _with_contact(answer: Answer) -> Outcome:
    is_told = text_in((object_in(answer) or {}).get("id")) != ""
    return Delivered() if is_told else not_understood(answer)


def _with_id(answer: Answer) -> Outcome:
    identifier = id_in((object_in(answer) or {}).get("id"))
    return Delivered(learned={"id": identifier}) if identifier else not_understood(answer)


def _with_contacts(answer: Answer) -> Outcome:
    return Delivered() if found_contacts(answer) is not None else not_understood(answer)


def _with_categories(answer: Answer) -> Outcome:
    return Delivered() if subscription_keys(answer) is not None else not_understood(answer)


def _with_token(answer: Answer) -> Outcome:
    return Delivered() if read_token(answer) else not_understood(answer)


def _webpush(answer: Answer) -> Outcome:
    """Source: the vendor's Shopify app, which reads `success` and `errors` of a 200."""
    errors = (object_in(answer) or {}).get("errors")
    if not errors:
        return Delivered()
    found = one_or_many(errors)
    text = text_in(found[0].get("message") if found else errors)
    return Rejected(reason="esp.partial_item", detail=detail(answer, text), status=answer.status)


def _results(answer: Answer) -> Outcome:
    """Read results of one recipient or one past event; `ERROR` may stand inside a 200."""
    results = one_or_many((object_in(answer) or {}).get("results"))
    if not results:
        return not_understood(answer)
    status = text_in(results[0].get("status")).upper()
    if status in {"OK", "ACCEPTED"}:
        return Delivered()
    if not status:
        return not_understood(answer)
    if status == "SERVER_ERROR":
        return Deferred(cause=status, maybe_done=True, status=answer.status)
    text = text_in(results[0].get("message")) or status
    if status == "EVENT_SEGMENTATION_DISABLED":
        return Blocked(scope=Scope.ACTION, cause=detail(answer, text), status=answer.status)
    return Rejected(reason="esp.partial_item", detail=detail(answer, text), status=answer.status)


_READERS: Mapping[Action, Callable[[Answer], Outcome]] = {
    Action.ADD_CONTACT: _with_contact,
    Action.FIND_CONTACT: _with_contacts,
    Action.GET_SUBSCRIPTIONS: _with_categories,
    Action.ADD_WEBPUSH_DOMAIN: _webpush,
    Action.CREATE_INBOX_MESSAGE: _with_id,
    Action.SEND_MESSAGE: _results,
    Action.PAST_EVENTS: _results,
    Action.CREATE_TOKEN: _with_token,
    Action.ACCOUNT_INFO: _with_object,
}
