"""Whether eSputnik takes the API key, asked before anything else is."""

import structlog

from consumer.consent.reading import HASH_KEY_NEEDED
from consumer.errors import CredentialsError
from consumer.gate import Gate
from consumer.gatekeeper import PROBE
from consumer.ports import Clock
from consumer.settings.model import Loaded
from esputnik.answers import read
from esputnik.client import Client
from esputnik.outcome import Blocked, Deferred, Delivered, Scope

log = structlog.get_logger()


async def check_key(api: Client, gate: Gate, clock: Clock) -> None:
    """Refuse to start with a key that is refused; an outage is no reason not to start.

    It is noted as one: calls whose repeats count wait until eSputnik has answered.

    Raises:
        CredentialsError: eSputnik answers 401.
    """
    outcome = read(PROBE, await api.exchange(PROBE.alone()))
    if isinstance(outcome, Blocked) and outcome.scope is Scope.ACCOUNT:
        raise CredentialsError(
            "eSputnik refuses the API key (401); check ESPUTNIK_SYNC_ESPUTNIK__API_KEY. "
            "A key that was not used for 90 days is switched off by eSputnik"
        )
    if not isinstance(outcome, Delivered):
        cause = getattr(outcome, "cause", "account info was refused")
        log.warning("key_not_checked", cause=cause)
    if isinstance(outcome, Deferred) and not outcome.is_throttle:
        gate.doubted(outcome.cause, clock.now(), roll=0.0)


def refresh_key(api: Client, loaded: Loaded) -> bool:
    """Read the key's file again; tell whether the key changed.

    Another one heals what waits, and is a trap for the next start: that is said while the old one
    can still be found.
    """
    key = loaded.reread_api_key()
    is_changed = api.set_api_key(key)
    if is_changed and key != loaded.api_key() and loaded.settings.privacy.hash_key is None:
        log.warning("hash_key_needed", why=HASH_KEY_NEEDED)
    return is_changed
