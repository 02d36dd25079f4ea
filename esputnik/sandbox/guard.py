"""What stands before every answer: whose request it is, what the key may, how often, how large."""

import base64
import binascii
import random
from hashlib import sha256

import orjson

from esputnik.sandbox.limits import Limits
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import RefusedError, SandboxRequest

KEY_IDLE_SECONDS = 90 * 86_400.0  # a key unused for longer is switched off
# The calls that take a token of Create API Token. Source: docs.yespo.io/reference/generateapikey-1.
TOKEN_CALLS = frozenset({"generate-event-v1", "past-events-v1"})
# The calls that refuse the same request within a minute.
# Source: the 409 of docs.yespo.io/reference/addcontact-1, updatecontact-1 and subscribecontact-1.
GUARDED = frozenset({"add-contact", "update-contact", "subscribe-contact"})


class Guard:
    """Lets requests in, or raises RefusedError. Plain state, one owner."""

    def __init__(self, switches: Switches, seed: int) -> None:
        self._switches = switches
        self._rng = random.Random(f"tokens {seed}")  # noqa: S311 - chance, not secrecy
        self._limits = Limits(switches)
        self._tokens: dict[str, str] = {}
        self._repeats: dict[bytes, float] = {}
        self._last_used: dict[str, float] = {}

    def new_token(self) -> str:
        """Return a token that is good for as long as the key is."""
        token = f"{self._rng.getrandbits(128):032x}"
        self._tokens[token] = self._switches.api_key
        return token

    def authenticate(self, action: str | None, request: SandboxRequest, now: float) -> None:
        """Refuse a key that is wrong or was idle for too long; `action` is None for no call."""
        scheme, _, word = request.headers.get("authorization", "").partition(" ")
        key = self._switches.api_key
        match scheme.lower():
            case "basic":
                is_good = _password(word) == key
            case "bearer":
                is_good = action in TOKEN_CALLS and self._tokens.get(word) == key
            case _:
                is_good = False
        if not is_good or now - self._last_used.get(key, now) > KEY_IDLE_SECONDS:
            raise RefusedError("Unauthorized", 401)
        self._last_used[key] = now

    def admit(self, action: str, request: SandboxRequest, now: float) -> None:
        """Refuse what is too often, too large, or in a form that no call takes."""
        if not self._limits.admits(action, now) and self._switches.rate_limits:
            raise RefusedError("Too many requests", 429)
        if len(request.body) > self._switches.max_body_bytes:
            raise RefusedError("Request entity is too large", 413)
        kind = request.headers.get("content-type", "application/json")
        if request.body and not kind.lower().startswith("application/json"):
            raise RefusedError("Unsupported media type", 415)

    def unrepeated(
        self, action: str, request: SandboxRequest, body: object, now: float
    ) -> bytes | None:
        """Return the fingerprint of a guarded request; refuse one that was taken a moment ago."""
        if action not in GUARDED:
            return None
        self._forget(now - self._switches.repeat_seconds)
        canonical = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
        words = (request.method.encode(), request.path.encode(), canonical)
        fingerprint = sha256(b"\0".join(words)).digest()
        if fingerprint in self._repeats:
            raise RefusedError("Duplicated request", 409)
        return fingerprint

    def taken(self, fingerprint: bytes, now: float) -> None:
        """Note that a guarded request was accepted: only then is the next one a repeat."""
        self._repeats[fingerprint] = now

    def _forget(self, until: float) -> None:
        """Forget the fingerprints up to a time; they stand in the order they came."""
        while self._repeats:
            oldest = next(iter(self._repeats))
            if self._repeats[oldest] > until:
                return
            del self._repeats[oldest]


def _password(word: str) -> str | None:
    """Return the password of Basic credentials; whatever stands before it is nobody's business."""
    try:
        _, sign, key = base64.b64decode(word, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return key if sign else None
