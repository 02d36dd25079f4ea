"""Users who log in by SCRAM: made, given another password. Source: KIP-554, RFC 5802."""

import hashlib
import secrets

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import NoError, for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    CompactArray,
    CompactBytes,
    CompactString,
    Int8,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

MECHANISMS = {"SCRAM-SHA-256": (1, "sha256"), "SCRAM-SHA-512": (2, "sha512")}
ITERATIONS = 4096  # the least that brokers take


class ScramAnswer(Response):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = 51
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "results",
            CompactArray(
                ("user", CompactString("utf-8")),
                ("error_code", Int16),
                ("error_message", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class ScramStruct(RequestStruct):  # type: ignore[misc]  # as above
    API_KEY = 51
    API_VERSION = 0
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = ScramAnswer
    SCHEMA = Schema(
        (
            "deletions",
            CompactArray(
                ("name", CompactString("utf-8")), ("mechanism", Int8), ("tags", TaggedFields)
            ),
        ),
        (
            "upsertions",
            CompactArray(
                ("name", CompactString("utf-8")),
                ("mechanism", Int8),
                ("iterations", Int32),
                ("salt", CompactBytes),
                ("salted_password", CompactBytes),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class ScramRequest(Request[ScramStruct]):  # type: ignore[misc]  # as above
    API_KEY = 51

    def __init__(self, user: str, mechanism: str, password: str) -> None:
        self._user, self._mechanism, self._password = user, mechanism, password

    def build(self, struct: type[ScramStruct]) -> ScramStruct:
        code, digest = MECHANISMS[self._mechanism]
        salt = secrets.token_bytes(24)
        salted = hashlib.pbkdf2_hmac(digest, self._password.encode(), salt, ITERATIONS)
        return struct([], [(self._user, code, ITERATIONS, salt, salted, {})], {})


async def set_password(bootstrap: str, user: str, mechanism: str, password: str) -> None:
    """Make a user who logs in this way, or give the one there is another password."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    await client.bootstrap()
    try:
        request = ScramRequest(user, mechanism, password)
        answer = await client.send(client.get_random_node(), request)
    finally:
        await client.close()
    ((_, code, message, _),) = answer.results
    assert for_code(code) is NoError, message
