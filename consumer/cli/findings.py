"""What the checks of `check` find, each with its remedy. Pure: answers in, one line each out."""

from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

import orjson

from consumer.consent.reading import HASH_KEY_NEEDED
from consumer.deadletters.letter import ROOM
from consumer.errors import SettingsError
from consumer.settings.model import env_name
from esputnik.outcome import Answer, NoAnswer

LONGEST_LIST = 500  # segments that one request lists
SKEW = 30.0  # s of difference to eSputnik's clock
UNAUTHORIZED = 401
OK = 200
NOT_NOW = "eSputnik cannot answer right now: `run` waits meanwhile and loses nothing"
PASSING = frozenset({408, 429, 500, 502, 503, 504})  # statuses of the moment


class Verdict(StrEnum):
    """How a check ended; a warning is what cannot be told, or does no harm yet."""

    PASS = "ok"  # noqa: S105 - a verdict
    WARN = "warning"
    FAIL = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the report. `remedy` is empty where nothing is to be done."""

    check: str
    verdict: Verdict
    detail: str
    remedy: str = ""


def passed(check: str, detail: str) -> Finding:
    """Return a check that holds."""
    return Finding(check=check, verdict=Verdict.PASS, detail=detail)


def warned(check: str, detail: str, remedy: str = "") -> Finding:
    """Return a check that could not be made, or whose fault does no harm yet."""
    return Finding(check=check, verdict=Verdict.WARN, detail=detail, remedy=remedy)


def failed(check: str, detail: str, remedy: str) -> Finding:
    """Return a check that does not hold."""
    return Finding(check=check, verdict=Verdict.FAIL, detail=detail, remedy=remedy)


def of_fault(check: str, line: str) -> Finding:
    """Return the finding of a fault's line: what is wrong, and after a semicolon what to do."""
    wrong, _, remedy = line.partition("; ")
    return failed(check, wrong, remedy)


def of_refusal(check: str, refusal: SettingsError) -> Finding:
    """Return the finding of what `run` refuses: its own words, and the code that it ends with."""
    wrong, _, remedy = str(refusal).partition("; ")
    return failed(check, f"{wrong} (`run` ends with {refusal.exit_code})", remedy)


# -- Kafka ----------------------------------------------------------------------------------


def of_topics(
    wanted: frozenset[str], existing: frozenset[str], *, are_default: bool
) -> Iterator[Finding]:
    """Yield which topics can be read; those of the default table may come later."""
    name = env_name("topics")
    for topic in sorted(wanted & existing):
        yield passed(f"topic {topic}", "exists")
    for topic in sorted(wanted - existing):
        if are_default:
            remedy = f"no action needed, or create it; {name} sets other topics"
            yield warned(f"topic {topic}", "does not exist yet; `run` keeps looking for it", remedy)
        else:
            remedy = f"create it, let this user read it, or remove it from {name}"
            yield failed(f"topic {topic}", "does not exist", remedy)
    if not wanted & existing:
        yield failed("topics", "none of them exists", f"create one, or set your topics in {name}")


def of_missing(check: str, remedy: str) -> Finding:
    """Return that a topic of ours is not there."""
    return warned(check, "does not exist; `run` creates it if this user may", remedy)


def of_rights(check: str, topic: str, *, may_write: bool | None) -> Finding:
    """Return whether a topic of ours may be written."""
    if may_write is None:
        remedy = f"make sure that this user has WRITE on {topic}"
        return warned(check, "the brokers do not report whether this user may write it", remedy)
    if not may_write:
        return failed(check, "may not be written", f"allow WRITE on {topic} to this user")
    return passed(check, "may be written")


def of_size(check: str, own: str | None, sources: list[str | None]) -> Finding:
    """Return whether every record of the sources fits, with our headers; sizes in bytes."""
    known = [int(size) for size in sources if size is not None]
    if own is None or not known:
        remedy = f"make sure that it is that of the source topics plus {ROOM}"
        return warned(check, "the brokers do not report max.message.bytes", remedy)
    needed = max(known) + ROOM
    if int(own) < needed:
        remedy = f"set its max.message.bytes to {needed} or more"
        return failed(check, f"max.message.bytes is {own}, {needed} is needed", remedy)
    return passed(check, f"max.message.bytes is {own}")


# -- eSputnik -------------------------------------------------------------------------------


def of_account(answer: Answer) -> Finding:
    """Return whether the API key is good."""
    if answer.status == OK:
        return passed("eSputnik", "the API key is accepted")
    if answer.status == UNAUTHORIZED:
        remedy = (
            f"correct {env_name('esputnik.api_key')}; a key unused for 90 days is switched off; "
            f"{HASH_KEY_NEEDED}"
        )
        return failed("eSputnik", "the API key is refused (401)", remedy)
    if answer.status in PASSING:
        return failed("eSputnik", f"account info answers {answer.status}", NOT_NOW)
    remedy = f"check {env_name('esputnik.base_url')}; it ends in /api"
    return failed("eSputnik", f"account info answered {answer.status}", remedy)


def of_clock(answer: Answer, now: float) -> Finding:
    """Return whether our clock agrees with eSputnik's; `now` in seconds since 1970 UTC."""
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except ValueError:
        return warned("clock", "eSputnik's answer has no Date header")
    skew = abs(now - theirs)
    if skew > SKEW:
        remedy = "synchronise this machine's clock; consent is decided by timestamps"
        return failed("clock", f"differs from eSputnik's by {skew:.0f} s", remedy)
    return passed("clock", f"within {SKEW:.0f} s of eSputnik's")


def of_reference(check: str, number: int, known: frozenset[int] | None, setting: str) -> Finding:
    """Return whether something that a setting names exists; `known` is None where not told."""
    if known is None:
        return warned(check, "eSputnik did not list the existing ones")
    if number in known:
        return passed(check, f"{number} exists")
    return failed(check, f"{number} does not exist", f"correct {env_name(setting)}")


def segment_ids(answer: Answer | NoAnswer) -> frozenset[int] | None:
    """Return the ids of all segments; None where they are not told, or not all of them."""
    found = _parsed(answer)
    rows = [found] if isinstance(found, dict) else found
    if not isinstance(rows, list) or len(rows) >= LONGEST_LIST:
        return None
    return frozenset(_id(row) for row in rows if isinstance(row, dict))


def field_ids(answer: Answer | NoAnswer) -> frozenset[int] | None:
    """Return the ids of all additional fields, wherever they stand in the address books."""
    found = _parsed(answer)
    return frozenset(_fields_in(found)) if found is not None else None


def _fields_in(node: Any) -> Iterator[int]:  # noqa: ANN401 - any JSON value
    if isinstance(node, dict):
        if "fieldKey" in node or "description" in node:
            yield _id(node)
        node = list(node.values())
    if isinstance(node, list):
        for one in node:
            yield from _fields_in(one)


def _id(row: dict[str, Any]) -> int:
    """Return an id, also one that is written as a text; 0 where there is none."""
    number = str(row.get("id"))
    return int(number) if number.isdecimal() else 0


def _parsed(answer: Answer | NoAnswer) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(answer, NoAnswer) or answer.status != OK:
        return None
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return None
