"""What no single setting shows to be wrong: settings that do not go together. Pure."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr

from consumer.settings.model import (
    KEY_MISSING,
    LEAVES,
    Admin,
    Esputnik,
    Kafka,
    Settings,
    env_name,
    value_at,
)

LOOPBACKS = frozenset({"localhost", "127.0.0.1", "::1"})
OWN_TOPICS = (
    "dead_letter.topic",
    "dead_letter.parking_topic",
    "replay.memory_topic",
    "consent.memory_topic",
    "audit.topic",
)
# Channels that no route is looked up for, and what they go by.
BY_NO_ROUTE = {
    "email": "the list of unsubscribed addresses",
    "all": "the list of unsubscribed addresses and the routes of sms and push",
}
SECRETS = tuple(path for path, field in LEAVES.items() if "SecretStr" in str(field.annotation))


def conflicts(settings: Settings, *, needs_api_key: bool) -> Iterator[tuple[str, str]]:
    """Yield what cannot work together: the setting to be mended, and the words."""
    if needs_api_key and _is_absent(settings.esputnik.api_key):
        yield "esputnik.api_key", KEY_MISSING
    yield from _kafka(settings.kafka)
    yield from _own_topics(settings)
    yield from _base_url(settings.esputnik)
    yield from _admin(settings.admin)


def cautions(settings: Settings, origins: Mapping[str, str]) -> Iterator[str]:
    """Yield what works and is unwise; `origins` tells by path where a setting came from."""
    for path in SECRETS:
        if origins.get(path) == "--set":
            yield (
                f"--set {path}: other users of this machine can read the command line; write the "
                f"secret to a file and its path to {env_name(path)}_FILE"
            )
    kafka = settings.kafka
    if kafka.security_protocol == "SASL_PLAINTEXT" and kafka.sasl_mechanism == "PLAIN":
        yield (
            f"{env_name('kafka.security_protocol')}: SASL_PLAINTEXT with PLAIN sends the password "
            "unencrypted; use SASL_SSL, or a SCRAM mechanism"
        )
    for prefix, word in (("sasl_", "SASL"), ("ssl_", "SSL")):
        given = [name for name in Kafka.model_fields if f"kafka.{name}" in origins]
        idle = [env_name(f"kafka.{name}") for name in given if name.startswith(prefix)]
        if idle and word not in kafka.security_protocol:
            yield (
                f"{', '.join(idle)}: no effect with {kafka.security_protocol}; use a protocol "
                f"with {word} in {env_name('kafka.security_protocol')}"
            )
    for name, goes in BY_NO_ROUTE.items():
        if name in settings.consent.routes:
            yield (
                f"{env_name('consent.routes')}: {name} routes a category of that name alone; the "
                f"channel {name} always goes by {goes}"
            )


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine, by its name or address alone."""
    try:
        return host in LOOPBACKS or ip_address(host).is_loopback
    except ValueError:
        return False


def _kafka(kafka: Kafka) -> Iterator[tuple[str, str]]:
    if not all(_is_address(one.strip()) for one in kafka.bootstrap_servers.split(",")):
        yield (
            "kafka.bootstrap_servers",
            "is not a list of brokers; write broker-1:9092,broker-2:9092",
        )
    if kafka.security_protocol.startswith("SASL"):
        for name in ("sasl_mechanism", "sasl_username", "sasl_password"):
            if _is_absent(getattr(kafka, name)):
                yield f"kafka.{name}", f"is missing; set it: {kafka.security_protocol} needs it"
    if kafka.ssl_keyfile is not None and kafka.ssl_certfile is None:
        yield "kafka.ssl_certfile", "is missing; set it to the path of the certificate for this key"


def _own_topics(settings: Settings) -> Iterator[tuple[str, str]]:
    """Refuse to read what is written here: a letter would be buried again and again for ever."""
    taken: dict[object, str] = dict.fromkeys(settings.topics, env_name("topics"))
    for path in OWN_TOPICS:
        name = value_at(settings, path)
        if name in taken:
            yield path, f"is the same topic as in {taken[name]}; use another one"
        taken[name] = env_name(path)


def _is_address(text: str) -> bool:
    """Tell whether a text is `host:port` or a host; IPv6 addresses stand in brackets."""
    found = _split(f"//{text}")
    return found is not None and found.netloc == text and " " not in text


def _is_absent(value: SecretStr | str | None) -> bool:
    return not (value.get_secret_value() if isinstance(value, SecretStr) else value)


def _base_url(api: Esputnik) -> Iterator[tuple[str, str]]:
    path, url = "esputnik.base_url", _split(api.base_url)
    if url is None or url.scheme not in {"http", "https"} or url.query or url.fragment:
        yield path, "is not a URL; write one such as https://esputnik.com/api"
    elif url.username is not None or url.password is not None:
        yield path, f"contains a login; put the key into {env_name('esputnik.api_key')} instead"
    elif url.scheme == "http" and not (is_loopback(url.hostname or "") or api.allow_http):
        allow = env_name("esputnik.allow_http")
        yield path, f"would send the key over plain http; use https://, or set {allow}=true"


def _split(text: str) -> SplitResult | None:
    """Return the parts of an address; None where it names no host or an impossible port."""
    try:
        parts = urlsplit(text)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if is_whole else None


def _admin(admin: Admin) -> Iterator[tuple[str, str]]:
    if not is_loopback(admin.host) and _is_absent(admin.token):
        host = env_name("admin.host")
        yield "admin.token", f"is missing; set a bearer token, since {host} is not loopback"
