"""What this user may do with a topic.

Brokers tell since version 8 of the metadata request (Kafka 2.3, KIP-430); aiokafka stops at 5.
"""

from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Int16, Int32, Schema, String

METADATA = 3
VERSION = 8
TEXT = String("utf-8")


class RightsAnswer(Response):  # type: ignore[misc]  # aiokafka has no types
    """What brokers say of topics; rights are a bit field, one bit an operation."""

    API_KEY = METADATA
    API_VERSION = VERSION
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", Array(("node_id", Int32), ("host", TEXT), ("port", Int32), ("rack", TEXT))),
        ("cluster_id", TEXT),
        ("controller_id", Int32),
        (
            "topics",
            Array(
                ("error_code", Int16),
                ("topic", TEXT),
                ("is_internal", Boolean),
                (
                    "partitions",
                    Array(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", Array(Int32)),
                        ("isr", Array(Int32)),
                        ("offline_replicas", Array(Int32)),
                    ),
                ),
                ("authorized_operations", Int32),
            ),
        ),
        ("cluster_authorized_operations", Int32),
    )


class RightsStruct(RequestStruct):  # type: ignore[misc]  # as above
    """The question on the wire."""

    API_KEY = METADATA
    API_VERSION = VERSION
    RESPONSE_TYPE = RightsAnswer
    SCHEMA = Schema(
        ("topics", Array(TEXT)),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
    )


class RightsRequest(Request[RightsStruct]):  # type: ignore[misc]  # as above
    """Asks what may be done with one topic, and creates none."""

    API_KEY = METADATA

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def build(self, struct: type[RightsStruct]) -> RightsStruct:
        """Return the question."""
        return struct([self._topic], False, False, True)


async def operations(options: dict[str, Any], topic: str) -> int | None:
    """Return what may be done with a topic, one bit an operation; None where brokers do not tell.

    `options` are those of a client.
    """
    client = AIOKafkaClient(**options)
    try:
        await client.bootstrap()
        answer = await client.send(client.get_random_node(), RightsRequest(topic))
    except (KafkaError, NotImplementedError):  # the latter: brokers that are older
        return None
    finally:
        await client.close()
    ((error_code, *_, allowed),) = answer.topics
    if error_code == TopicAuthorizationFailedError.errno:
        return 0
    return int(allowed) if allowed >= 0 else None
