"""Preflight: what `run` needs of others, tried one by one, in the order in which it would fail."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

from consumer.build import client, connection, secret_of, topic_rules
from consumer.cli.findings import (
    NOT_NOW,
    OK,
    Finding,
    failed,
    field_ids,
    of_account,
    of_clock,
    of_fault,
    of_missing,
    of_reference,
    of_refusal,
    of_rights,
    of_size,
    of_topics,
    passed,
    segment_ids,
    warned,
)
from consumer.clock import SystemClock
from consumer.consent.hashing import Hasher
from consumer.consent.memory import Memory
from consumer.consent.reading import Reader
from consumer.consent.topic import COMPACTED, POLICY, refuse_forgetful
from consumer.errors import CredentialsError, KafkaUnreachableError, SettingsError, SyncError
from consumer.kafka import KafkaAdmin, read_topic
from consumer.settings.model import Loaded, env_name
from esputnik import requests
from esputnik.client import Client
from esputnik.outcome import NoAnswer


async def findings(loaded: Loaded) -> AsyncIterator[Finding]:
    """Try everything."""
    yield passed("settings", "all are valid")
    for warning in loaded.warnings:
        yield warned("settings", warning)
    async for finding in _kafka(loaded):
        yield finding
    async for finding in _esputnik(loaded):
        yield finding


# -- Kafka ----------------------------------------------------------------------------------


async def _kafka(loaded: Loaded) -> AsyncIterator[Finding]:
    settings = loaded.settings
    wanted = frozenset(topic_rules(settings))
    try:
        async with KafkaAdmin(connection(settings)) as admin:
            yield passed("kafka", f"reached at {settings.kafka.bootstrap_servers}")
            existing = await admin.topics()
            for finding in of_topics(wanted, existing, are_default=settings.has_default_topics):
                yield finding
            async for finding in _dead_letters(settings.dead_letter.topic, wanted, existing, admin):
                yield finding
            async for finding in _consent(loaded, existing, admin):
                yield finding
            yield await _group(loaded, admin)
    except (KafkaUnreachableError, CredentialsError) as trouble:
        yield of_fault("kafka", str(trouble))


async def _dead_letters(
    topic: str, wanted: frozenset[str], existing: frozenset[str], admin: KafkaAdmin
) -> AsyncIterator[Finding]:
    """Ask what may be done with the topic: a record written to try would be in the way."""
    check = f"dead letters {topic}"
    if topic not in existing:
        yield of_missing(check, "no action needed, or create it")
        return
    yield of_rights(check, topic, may_write=await admin.may_write(topic))
    sizes = [await _size(admin, source) for source in sorted(wanted & existing)]
    if sizes:
        yield of_size(f"{check} size", await _size(admin, topic), sizes)


async def _size(admin: KafkaAdmin, topic: str) -> str | None:
    return (await admin.config(topic)).get("max.message.bytes")


async def _consent(
    loaded: Loaded, existing: frozenset[str], admin: KafkaAdmin
) -> AsyncIterator[Finding]:
    """Try the topic of what people said."""
    topic = loaded.settings.consent.memory_topic
    check = f"consent {topic}"
    if topic not in existing:
        yield of_missing(check, f"no action needed, or create it with {POLICY}={COMPACTED[POLICY]}")
        return
    yield of_rights(check, topic, may_write=await admin.may_write(topic))
    yield _policy(f"{check} policy", topic, (await admin.config(topic)).get(POLICY))
    yield await _key(loaded, f"{check} key", topic)


def _policy(check: str, topic: str, policy: str | None) -> Finding:
    if policy is None:
        remedy = f"make sure that it is {COMPACTED[POLICY]}"
        return warned(check, f"the brokers do not report {POLICY}", remedy)
    try:
        refuse_forgetful(topic, policy)
    except SettingsError as refusal:
        return of_refusal(check, refusal)
    return passed(check, f"is {policy}")


async def _key(loaded: Loaded, check: str, topic: str) -> Finding:
    """Read up to the fingerprint of the key, which `run` writes before all else."""
    settings, seconds = loaded.settings, loaded.settings.kafka.start_timeout
    reader = Reader(Memory(), topic, Hasher(secret_of(loaded)).fingerprint)
    try:
        async with (
            asyncio.timeout(seconds),
            aclosing(read_topic(connection(settings), topic)) as records,
        ):
            async for record in records:
                reader.hear(record)
                if reader.is_marked:
                    return passed(check, "is the key that the topic was written with")
        reader.end()
    except TimeoutError:
        told = f"no key fingerprint was read from the topic within {seconds:g} s"
        return warned(check, told, "start `run`: it reads the whole topic and reports a wrong key")
    except CredentialsError:
        return failed(check, "may not be read", f"allow READ on {topic} to this user")
    except SettingsError as refusal:
        return of_refusal(check, refusal)
    return passed(check, "nothing is written yet; `run` writes a fingerprint of the key first")


async def _group(loaded: Loaded, admin: KafkaAdmin) -> Finding:
    group, seconds = loaded.settings.kafka.group_id, loaded.settings.kafka.start_timeout
    check = f"group {group}"
    try:
        async with asyncio.timeout(seconds):
            coordinator = await admin.coordinator(group)
    except TimeoutError:
        return failed(
            check, f"no group coordinator found within {seconds:g} s", "check the brokers"
        )
    except SyncError:
        return failed(check, "may not be used", f"allow READ on the group {group} to this user")
    return passed(check, f"coordinated by broker {coordinator}")


# -- eSputnik -------------------------------------------------------------------------------


async def _esputnik(loaded: Loaded) -> AsyncIterator[Finding]:
    async with client(loaded) as api:
        answer = await api.exchange(requests.account_info())
        if isinstance(answer, NoAnswer):
            url = loaded.settings.esputnik.base_url
            remedy = f"check {env_name('esputnik.base_url')} and the network; or {NOT_NOW}"
            yield failed("eSputnik", f"{url} does not answer ({answer.cause})", remedy)
            return
        yield of_account(answer)
        if answer.status == OK:
            yield of_clock(answer, SystemClock().wall())
            async for finding in _references(loaded, api):
                yield finding


async def _references(loaded: Loaded, api: Client) -> AsyncIterator[Finding]:
    """Look up the custom fields and segments that the settings name."""
    settings = loaded.settings
    if fields := settings.contacts.custom_fields:
        known = field_ids(await api.exchange(requests.address_books()))
        for name, number in sorted(fields.items()):
            check = f"custom field {name}"
            yield of_reference(check, number, known, "contacts.custom_fields")
    segments = {
        route: target.segment
        for route, target in settings.consent.routes.items()
        if target.segment is not None
    }
    if segments:
        known = segment_ids(await api.exchange(requests.groups()))
        for route, number in sorted(segments.items()):
            yield of_reference(f"segment of {route}", number, known, "consent.routes")
