"""Cuts the settings up: each part gets the few values it needs. Shared by all commands."""

import random
from collections.abc import Callable, Mapping
from pathlib import Path

from consumer import __version__
from consumer.batcher import Limits
from consumer.consent.desk import ConsentDesk
from consumer.consent.hashing import Hasher
from consumer.consent.memory import Memory
from consumer.consent.ports import Followed
from consumer.consent.topic import ConsentTopic
from consumer.deadletters.graveyard import Graveyard
from consumer.delivery import Delivery
from consumer.exchange import Exchange
from consumer.gate import Gate
from consumer.kafka import Connection
from consumer.lease import Lease
from consumer.plan import Planner, Topic
from consumer.ports import Clock, Meter, Sender, Writer
from consumer.retry import Policy
from consumer.scheduler import Scheduler
from consumer.settings.model import Loaded, Settings
from consumer.shares import Traffic
from consumer.turns import RESERVED, Turns
from esputnik.call import Action, Quota
from esputnik.client import Client
from esputnik.throttle import Throttle
from handlers.mapped import Options
from handlers.routes import ROUTES


def connection(settings: Settings) -> Connection:
    """Return how to reach the brokers."""
    kafka = settings.kafka
    password = kafka.sasl_password
    return Connection(
        bootstrap_servers=kafka.bootstrap_servers,
        security_protocol=kafka.security_protocol,
        sasl_mechanism=kafka.sasl_mechanism,
        username=kafka.sasl_username,
        password=password.get_secret_value() if password is not None else None,
        cafile=_text(kafka.ssl_cafile),
        certfile=_text(kafka.ssl_certfile),
        keyfile=_text(kafka.ssl_keyfile),
        start_timeout=kafka.start_timeout,
    )


def _text(path: Path | None) -> str | None:
    return str(path) if path is not None else None


def options(settings: Settings) -> Options:
    """Return what decides how events map."""
    return Options(
        dedupe_on=settings.contacts.dedupe_on,
        single=settings.contacts.single,
        invalid_field=settings.contacts.invalid_field,
        custom_fields=settings.contacts.custom_fields,
        default_currency=settings.orders.default_currency,
        consent_routes=settings.consent.plain_routes(),
        events_max_age=settings.events.max_age,
    )


def topic_rules(settings: Settings) -> Mapping[str, Topic]:
    """Return how each topic is read."""
    return {
        name: Topic(
            type=topic.type,
            is_type_fixed=not settings.has_default_topics,
            deletes=topic.tombstone == "delete",
        )
        for name, topic in settings.topics.items()
    }


def may_count(settings: Settings) -> bool:
    """Tell whether events may come whose calls count each execution."""
    types = [topic.type for topic in settings.topics.values()]
    return any(one is None or ROUTES[one].counts for one in types)


def planner(settings: Settings) -> Planner:
    """Return the planner of these settings; it needs neither Kafka nor a key."""
    return Planner(
        topics=topic_rules(settings),
        options=options(settings),
        cluster=settings.kafka.cluster_alias,
        max_bytes=settings.events.max_bytes,
        strict=settings.events.strict,
        phone_region=settings.contacts.phone_region,
    )


def limits(settings: Settings) -> Limits:
    """Return how large requests may grow."""
    batch = settings.batch
    return Limits(
        max_wait=batch.max_wait,
        max_bytes=batch.max_bytes,
        max_items={
            Action.BULK_CONTACTS: batch.max_contacts,
            Action.ADD_ORDERS: batch.max_orders,
            Action.ATTACH_CONTACTS: batch.max_segment_contacts,
            Action.DETACH_CONTACTS: batch.max_segment_contacts,
            Action.ADD_UNSUBSCRIBED: batch.max_unsubscribed,
            Action.REMOVE_UNSUBSCRIBED: batch.max_unsubscribed,
        },
        under_way=settings.esputnik.max_in_flight,
        imports=settings.esputnik.max_imports,
        any_status=settings.orders.coalesce == "latest",
    )


def client(loaded: Loaded) -> Client:
    """Return the client of the account."""
    api = loaded.settings.esputnik
    return Client(
        base_url=api.base_url,
        login=api.login,
        api_key=loaded.api_key(),
        timeout=api.timeout,
        max_in_flight=api.max_in_flight + RESERVED,
        user_agent=f"esputnik-sync/{__version__}",
    )


def consent(  # noqa: PLR0913 - the parts it is built of
    settings: Settings,
    *,
    secret: str,
    followed: Followed,
    writer: Writer,
    clock: Clock,
    rng: random.Random,
) -> tuple[ConsentDesk, ConsentTopic]:
    """Return who decides of consent, and the topic of what it remembers, to be loaded and run.

    `secret`: what the hashes are keyed with; see `secret_of`.
    """
    hasher, memory = Hasher(secret), Memory()
    topic = ConsentTopic(
        memory=memory,
        followed=followed,
        writer=writer,
        topic=settings.consent.memory_topic,
        fingerprint=hasher.fingerprint,
        clock=clock,
        rng=rng,
    )
    desk = ConsentDesk(
        memory=memory, shelf=topic, hasher=hasher, skew=settings.consent.skew, clock=clock
    )
    return desk, topic


def secret_of(loaded: Loaded) -> str:
    """Return what people are hashed with: `privacy.hash_key`, or else the API key."""
    key = loaded.settings.privacy.hash_key
    return key.get_secret_value() if key is not None else loaded.api_key()


def graveyard(settings: Settings, writer: Writer, clock: Clock, rng: random.Random) -> Graveyard:
    """Return what writes dead letters."""
    return Graveyard(
        writer=writer,
        topic=settings.dead_letter.topic,
        group=settings.kafka.group_id,
        cluster=settings.kafka.cluster_alias,
        version=__version__,
        clock=clock,
        rng=rng,
    )


def delivery(  # noqa: PLR0913 - the parts it is built of
    settings: Settings,
    *,
    sender: Sender,
    gate: Gate,
    clock: Clock,
    meter: Meter,
    rng: random.Random,
    traffic: Traffic = Traffic.LIVE,
    caught_up: Callable[[], bool] = lambda: True,
    refresh_key: Callable[[], bool] = lambda: False,
    consent: ConsentDesk | None = None,
    lease: Lease | None = None,
) -> Delivery:
    """Return what carries calls to eSputnik."""
    rates = settings.esputnik.requests_per_second
    turns = Turns(
        throttle=Throttle({quota: rates[quota.value] for quota in Quota}),
        clock=clock,
        meter=meter,
        slots=settings.esputnik.max_in_flight,
    )
    exchange = Exchange(
        sender=sender,
        gate=gate,
        turns=turns,
        clock=clock,
        meter=meter,
        rng=rng,
        await_imports=settings.esputnik.acknowledge == "applied",
        traffic=traffic,
        refresh_key=refresh_key,
        lease=lease,
    )
    return Delivery(
        exchange=exchange,
        scheduler=Scheduler(limits(settings)),
        clock=clock,
        policy=Policy(at_most_once=settings.sends.delivery == "at_most_once"),
        rng=rng,
        meter=meter,
        caught_up=caught_up,
        consent=consent,
    )
