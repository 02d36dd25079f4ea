"""What a status code means where it is not a success, and what no answer means. One table."""

import re

from esputnik.bodies import document, is_page, text_in
from esputnik.call import Action
from esputnik.outcome import (
    Answer,
    Blocked,
    Deferred,
    Delivered,
    NoAnswer,
    Outcome,
    Rejected,
    Scope,
)
from esputnik.plain_words import plain_words
from esputnik.retry_after import retry_after

LEAST_PAUSE = 1.0  # s after a 429 that names no time
CONTRACT = "contract"  # the cause of an answer that says what no answer of eSputnik says
SMALL = 16 * 1024  # bytes of a request that no server calls too large

# Nothing of the kind can succeed: the key's rights, the plan, the path or this client are wrong.
_BLOCKS_ACCOUNT = frozenset({401})
_BLOCKS_ACTION = frozenset({402, 403, 405, 406, 410, 411, 415, 501, 505})
# Refused for good. Any other 4xx is `esp.rejected_4xx`.
_REASONS = {
    400: "esp.rejected_400",
    404: "esp.not_found",
    409: "esp.conflict",  # the same request within a minute: the retry rules decide
    413: "esp.too_large",
    422: "esp.rejected_422",
}
# Not now. What is neither here nor a 5xx nor a refusal is no status of HTTP's.
_TIMEOUT, _MISDIRECTED, _TOO_EARLY, _THROTTLE, _UNAVAILABLE = 408, 421, 425, 429, 503
_BAD_REQUEST, _FORBIDDEN, _NOT_FOUND, _TOO_LARGE = 400, 403, 404, 413
_ADDRESS = re.compile(r"(https?://[A-Za-z0-9.:-]{1,253})(?:[/?#]|$)")

# Their requests name something that need not exist; of all others the path itself is missing.
_ENTITIES = frozenset(
    {
        Action.ATTACH_CONTACTS,
        Action.DETACH_CONTACTS,
        Action.DELETE_CONTACT,
        Action.GET_SUBSCRIPTIONS,
        Action.SET_SUBSCRIPTIONS,
        Action.TOKEN_ACTIVITY,
        Action.TRANSLATE_INBOX_MESSAGE,
        Action.SEND_MESSAGE,
        Action.IMPORT_STATUS,
        Action.ADD_DOMAIN,  # documented of it alone: a host that eSputnik does not find
    }
)


def is_success(answer: Answer) -> bool:
    """Tell whether the status is one of success; the body may still say otherwise."""
    return 200 <= answer.status < 300  # noqa: PLR2004 - HTTP's own classes


def without_answer(trouble: NoAnswer) -> Deferred | Blocked:
    """Return the outcome of a request that was not answered."""
    if trouble.is_untrusted:
        return Blocked(scope=Scope.ACTION, cause=trouble.cause)
    return Deferred(cause=trouble.cause, maybe_done=trouble.maybe_sent)


def refused(
    action: Action, answer: Answer, *, is_bulk: bool, may_be_large: bool = False
) -> Outcome:
    """Return what a status other than success means for every call of the request.

    A refused bulk request is refused as a whole: one of its items is at fault, or its shape is.
    A page for people is no word of eSputnik's, so nothing is done or refused for good by it. Of a
    413 it is: servers before eSputnik limit a request's size, and `may_be_large` says that this
    one can be split, or is larger than `SMALL`.
    """
    status = answer.status
    if is_over(action, answer):
        return Delivered()
    if _is_throttle(answer):
        return _deferred(answer)
    if scope := _blocked(action, status):
        return Blocked(scope=scope, cause=_cause(answer), status=status)
    if is_page(answer) and _is_refusal(status) and not (status == _TOO_LARGE and may_be_large):
        return Blocked(scope=Scope.ACTION, cause=_cause(answer), status=status)
    if _is_refusal(status):
        reason = _REASONS.get(status, "esp.rejected_4xx")
        return Rejected(reason=reason, detail=detail(answer), status=status, is_whole=is_bulk)
    return _deferred(answer)


def throttled(answer: Answer | NoAnswer) -> float | None:
    """Return for how many seconds nothing more may be sent; None where it was not too much."""
    if isinstance(answer, NoAnswer) or not _is_throttle(answer):
        return None
    return _named_wait(answer) or LEAST_PAUSE


def is_over(action: Action, answer: Answer) -> bool:
    """Tell whether a refusal means that what was asked for is so already.

    Source: the vendor's own plugins, which take a missing contact for a deleted one and the text
    `Domain already exists` for a registered domain.
    """
    if is_page(answer):
        return False
    if action is Action.DELETE_CONTACT:
        is_told = answer.status == _BAD_REQUEST and "not found" in text_of(answer).lower()
        return is_told or answer.status == _NOT_FOUND
    is_bad_domain = action is Action.ADD_DOMAIN and answer.status == _BAD_REQUEST
    return is_bad_domain and "already exists" in text_of(answer).lower()


def not_understood(answer: Answer) -> Deferred:
    """Return the outcome of a success whose body cannot be read: it may have been done."""
    return Deferred(cause=CONTRACT, maybe_done=True, status=answer.status)


def detail(answer: Answer, text: str | None = None) -> str:
    """Return the status and the known words of the API's text, on one line, without values."""
    words = plain_words(text_of(answer) if text is None else text)
    return f"{answer.status}: {words}" if words else str(answer.status)


def text_of(answer: Answer) -> str:
    """Return what an answer says in words: a member of its JSON, else the body if it is a text.

    There is no documented form of errors. Source: the vendor's own plugins, which read `message`.
    """
    if is_page(answer):
        return "html"
    found = document(answer)
    if isinstance(found, str):
        return found
    if not isinstance(found, dict):
        return answer.body[:4096].decode(errors="replace")
    named = (text_in(found.get(name)) for name in ("message", "errorMessage", "error"))
    return next((text for text in named if text), "")


def _is_throttle(answer: Answer) -> bool:
    """Tell whether too many requests were refused; what stands before eSputnik says so by 403."""
    if answer.status != _FORBIDDEN:
        return answer.status == _THROTTLE
    text = answer.body[:4096].lower()
    return b"too many requests" in text or b"rate limit" in text


def _cause(answer: Answer) -> str:
    """Return why an action is held; for a redirect, to where, without the rest of the address."""
    if not 300 <= answer.status < 400:  # noqa: PLR2004 - HTTP's own
        page = f"{answer.status}: a web page, as of a proxy, not an answer of eSputnik's"
        return page if is_page(answer) else detail(answer)
    address = _ADDRESS.match(answer.headers.get("location", ""))
    return f"{answer.status}: leads to {address[1] if address else 'another path'}"


def _blocked(action: Action, status: int) -> Scope | None:
    if status in _BLOCKS_ACCOUNT:
        return Scope.ACCOUNT
    is_redirect = 300 <= status < 400  # noqa: PLR2004 - never followed
    is_path_missing = status == _NOT_FOUND and action not in _ENTITIES
    return Scope.ACTION if status in _BLOCKS_ACTION or is_redirect or is_path_missing else None


def _is_refusal(status: int) -> bool:
    passing = {_TIMEOUT, _MISDIRECTED, _TOO_EARLY, _THROTTLE}
    return 400 <= status < 500 and status not in passing  # noqa: PLR2004


def _deferred(answer: Answer) -> Deferred:
    status, wait = answer.status, _named_wait(answer)
    is_throttle = _is_throttle(answer)
    # These say that the request was not taken up; a 503 says so by naming a time to come again.
    is_untouched = (
        is_throttle
        or status in {_MISDIRECTED, _TOO_EARLY}
        or (status == _UNAVAILABLE and wait is not None)
    )
    is_http = 400 <= status < 600  # noqa: PLR2004
    return Deferred(
        cause=str(status) if is_http else CONTRACT,
        retry_after=wait,
        maybe_done=not is_untouched,
        is_throttle=is_throttle,
        status=status,
    )


def _named_wait(answer: Answer) -> float | None:
    return retry_after(answer.headers.get("retry-after"), answer.headers.get("date"))
