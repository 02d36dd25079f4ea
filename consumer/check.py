"""Preflight: what `run` needs, tried one by one, each with its remedy."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum

import orjson

from consumer.build import client, connection, topic_rules
from consumer.errors import SyncError
from consumer.kafka import KafkaAdmin
from consumer.settings import Loaded
from esputnik import requests
from esputnik.client import Client
from esputnik.outcome import Answer, NoAnswer

DEAD_LETTER_ROOM = 64 * 1024
SKEW_WARNING = 30.0  # s
UNAUTHORIZED = 401
OK = 200


class Verdict(StrEnum):
    """How a check ended; a warning is what the broker does not report."""

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
    """Return a check that could not be made."""
    return Finding(check=check, verdict=Verdict.WARN, detail=detail, remedy=remedy)


def failed(check: str, detail: str, remedy: str) -> Finding:
    """Return a check that does not hold."""
    return Finding(check=check, verdict=Verdict.FAIL, detail=detail, remedy=remedy)


async def findings(loaded: Loaded) -> AsyncIterator[Finding]:
    """Try everything, in the order in which it would fail."""
    yield passed("settings", "all are valid")
    async for finding in _kafka(loaded):
        yield finding
    async for finding in _esputnik(loaded):
        yield finding


# -- Kafka ----------------------------------------------------------------------------------


async def _kafka(loaded: Loaded) -> AsyncIterator[Finding]:
    settings = loaded.settings
    servers = settings.kafka.bootstrap_servers
    try:
        async with KafkaAdmin(connection(settings)) as admin:
            yield passed("kafka", f"reached at {servers}")
            existing = await admin.topics()
            for finding in _topics(loaded, existing):
                yield finding
            async for finding in _dead_letters(loaded, admin, existing):
                yield finding
            yield await _group(loaded, admin)
    except SyncError as trouble:
        yield failed("kafka", str(trouble), "start the broker, or correct the setting")


def _topics(loaded: Loaded, existing: frozenset[str]) -> list[Finding]:
    wanted = frozenset(topic_rules(loaded.settings))
    found, missing = wanted & existing, wanted - existing
    report = [passed(f"topic {topic}", "exists") for topic in sorted(found)]
    for topic in sorted(missing):
        if loaded.settings.has_default_topics:
            report.append(warned(f"topic {topic}", "does not exist; it is read once it does"))
        else:
            remedy = "create it, or take it out of ESPUTNIK_SYNC_TOPICS"
            report.append(failed(f"topic {topic}", "does not exist", remedy))
    if not found:
        report.append(
            failed("topics", "none to read", "create one, or name yours in ESPUTNIK_SYNC_TOPICS")
        )
    return report


async def _dead_letters(
    loaded: Loaded, admin: KafkaAdmin, existing: frozenset[str]
) -> AsyncIterator[Finding]:
    topic = loaded.settings.dead_letter.topic
    name = f"dead letters {topic}"
    if topic not in existing:
        yield warned(name, "does not exist; `run` creates it if it may")
        return
    yield await _writable(admin, topic, name)
    own = (await admin.config(topic)).get("max.message.bytes")
    sources = [
        (await admin.config(source)).get("max.message.bytes")
        for source in sorted(frozenset(topic_rules(loaded.settings)) & existing)
    ]
    known = [int(size) for size in sources if size is not None]
    if own is None or not known:
        yield warned(f"{name} size", "the broker does not tell max.message.bytes")
        return
    needed = max(known) + DEAD_LETTER_ROOM
    if int(own) < needed:
        remedy = f"set its max.message.bytes to {needed} or more"
        yield failed(f"{name} size", f"takes {own} bytes, {needed} are needed", remedy)
    else:
        yield passed(f"{name} size", f"takes {own} bytes")


async def _writable(admin: KafkaAdmin, topic: str, name: str) -> Finding:
    """Ask what may be done with the topic: a record written to try would be in the way."""
    allowed = await admin.may_write(topic)
    if allowed is None:
        return warned(name, "the broker does not tell whether it may be written")
    if not allowed:
        return failed(name, "not writable", f"allow WRITE on {topic} to this user")
    return passed(name, "writable")


async def _group(loaded: Loaded, admin: KafkaAdmin) -> Finding:
    group = loaded.settings.kafka.group_id
    try:
        async with asyncio.timeout(loaded.settings.kafka.start_timeout):
            coordinator = await admin.coordinator(group)
    except (SyncError, TimeoutError) as trouble:
        remedy = f"allow READ on the group {group} to this user"
        return failed(f"group {group}", f"not authorised ({type(trouble).__name__})", remedy)
    return passed(f"group {group}", f"coordinated by broker {coordinator}")


# -- eSputnik -------------------------------------------------------------------------------


async def _esputnik(loaded: Loaded) -> AsyncIterator[Finding]:
    async with client(loaded) as way_out:
        answer = await way_out.exchange(requests.account_info())
        if isinstance(answer, NoAnswer):
            url = loaded.settings.esputnik.base_url
            remedy = "check ESPUTNIK_SYNC_ESPUTNIK__BASE_URL and the network"
            yield failed("eSputnik", f"{url} does not answer ({answer.cause})", remedy)
            return
        yield _account(answer)
        if answer.status == OK:
            yield _clock(answer)
            async for finding in _references(loaded, way_out):
                yield finding


def _account(answer: Answer) -> Finding:
    if answer.status == OK:
        return passed("eSputnik", "the API key is accepted")
    if answer.status == UNAUTHORIZED:
        remedy = "set ESPUTNIK_SYNC_ESPUTNIK__API_KEY; a key unused for 90 days is switched off"
        return failed("eSputnik", "the API key is refused (401)", remedy)
    remedy = "check ESPUTNIK_SYNC_ESPUTNIK__BASE_URL; it ends in /api"
    return failed("eSputnik", f"account info answers {answer.status}", remedy)


def _clock(answer: Answer) -> Finding:
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except ValueError:
        return warned("clock", "eSputnik does not tell the time")
    skew = abs(time.time() - theirs)
    if skew > SKEW_WARNING:
        remedy = "synchronise this machine's clock; consent is decided by time"
        return failed("clock", f"differs from eSputnik's by {skew:.0f} s", remedy)
    return passed("clock", f"within {SKEW_WARNING:.0f} s of eSputnik's")


async def _references(loaded: Loaded, way_out: Client) -> AsyncIterator[Finding]:
    """Look up the custom fields and segments that the settings name."""
    fields = loaded.settings.contacts.custom_fields
    if fields:
        known = _field_ids(await way_out.exchange(requests.address_books()))
        for name, number in sorted(fields.items()):
            yield _reference(f"custom field {name}", number, known, "CONTACTS__CUSTOM_FIELDS")
    segments = {
        route: int(target["segment"])
        for route, target in loaded.settings.consent.plain_routes().items()
        if "segment" in target
    }
    if segments:
        known = _ids(await way_out.exchange(requests.groups()))
        for route, number in sorted(segments.items()):
            yield _reference(f"segment of {route}", number, known, "CONSENT__ROUTES")


def _reference(name: str, number: int, known: set[int] | None, setting: str) -> Finding:
    if known is None:
        return warned(name, "eSputnik does not tell")
    if number in known:
        return passed(name, f"{number} exists")
    return failed(name, f"{number} does not exist", f"correct ESPUTNIK_SYNC_{setting}")


def _parsed(answer: Answer | NoAnswer) -> object:
    if isinstance(answer, NoAnswer) or answer.status != OK:
        return None
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return None


def _ids(answer: Answer | NoAnswer) -> set[int] | None:
    found = _parsed(answer)
    groups = [found] if isinstance(found, dict) else found
    if not isinstance(groups, list):
        return None
    return {int(group["id"]) for group in groups if isinstance(group, dict) and "id" in group}


def _field_ids(answer: Answer | NoAnswer) -> set[int] | None:
    """Return the ids of all additional fields, wherever they stand in the address books."""
    found = _parsed(answer)
    if found is None:
        return None
    ids: set[int] = set()
    todo = [found]
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            if "fieldKey" in node or "description" in node:
                ids.add(int(node.get("id", 0)))
            todo.extend(node.values())
        elif isinstance(node, list):
            todo.extend(node)
    return ids
