"""How an import stands. Source: docs.yespo.io/reference/getimportsessionstatus-1."""

from dataclasses import dataclass

from esputnik.bodies import Object, object_in, one_or_many, text_in
from esputnik.call import Action
from esputnik.matching import plain_value
from esputnik.outcome import Answer, Blocked, Deferred, NoAnswer
from esputnik.plain_words import plain_words
from esputnik.statuses import is_success, not_understood, refused, without_answer

_UNDER_WAY = frozenset({"STARTED", "IMPORTING"})


@dataclass(frozen=True, slots=True)
class Importing:
    """Queued or running."""


@dataclass(frozen=True, slots=True)
class Finished:
    """Applied, save for the contacts refused when it was taken.

    `mapped`: the values of the `dedupeOn` field of those that became a contact, each as
    `matching.plain_value` spells it; None where the answer names nobody, which tells nothing.
    """

    mapped: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """Not applied. `detail` is one line without values."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Lost:
    """Nobody can tell what becomes of it: eSputnik does not know the session."""

    detail: str = "eSputnik does not know its session"


ImportStatus = Importing | Finished | Failed | Lost | Deferred | Blocked


def read_import_status(answer: Answer | NoAnswer) -> ImportStatus:
    """Return how an import stands; Deferred or Blocked where that could not be told."""
    if isinstance(answer, NoAnswer):
        return without_answer(answer)
    if is_success(answer):
        return _status(answer)
    outcome = refused(Action.IMPORT_STATUS, answer, is_bulk=False)
    # 404, or any other word that there is no such session, is no trouble of the connection.
    return outcome if isinstance(outcome, Deferred | Blocked) else Lost()


def _status(answer: Answer) -> ImportStatus:
    found = object_in(answer) or {}
    status = text_in(found.get("status")).upper()
    if status in _UNDER_WAY:
        return Importing()
    if status == "FINISHED":
        return Finished(mapped=_mapped(found))
    if status == "ERROR":
        return Failed(detail=plain_words(text_in(found.get("description"))))
    return not_understood(answer)


def _mapped(found: Object) -> frozenset[str] | None:
    """Read the mapping. In this API a list of one may be bare, and an empty one may be absent."""
    entries = one_or_many(found.get("mapping")) or ()
    values = (text_in(entry.get("dedupeValue")) for entry in entries)
    return frozenset(plain_value(value) for value in values if value) or None
