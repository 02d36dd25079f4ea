"""What an administrator may do to a group: forget what it has committed. Source: KIP-496."""

from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Int16, Int32, Schema, String

OFFSET_DELETE = 47
TEXT = String("utf-8")


class ForgetAnswer(Response):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = OFFSET_DELETE
    API_VERSION = 0
    SCHEMA = Schema(
        ("error_code", Int16),
        ("throttle_time_ms", Int32),
        (
            "topics",
            Array(
                ("topic", TEXT), ("partitions", Array(("partition", Int32), ("error_code", Int16)))
            ),
        ),
    )


class ForgetStruct(RequestStruct):  # type: ignore[misc]  # as above
    API_KEY = OFFSET_DELETE
    API_VERSION = 0
    RESPONSE_TYPE = ForgetAnswer
    SCHEMA = Schema(
        ("group_id", TEXT),
        ("topics", Array(("topic", TEXT), ("partitions", Array(Int32)))),
    )


class ForgetRequest(Request[ForgetStruct]):  # type: ignore[misc]  # as above
    API_KEY = OFFSET_DELETE

    def __init__(self, group: str, topic: str, partition: int) -> None:
        self._named = (group, [(topic, [partition])])

    def build(self, struct: type[ForgetStruct]) -> ForgetStruct:
        return struct(*self._named)


async def forget_offset(bootstrap: str, group: str, topic: str, partition: int) -> None:
    """Delete what a group without members has committed of a partition."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    await client.bootstrap()
    try:
        coordinator = await client.coordinator_lookup(0, group)
        answer = await client.send(coordinator, ForgetRequest(group, topic, partition))
    finally:
        await client.close()
    assert answer.error_code == 0, answer
    assert answer.topics == [(topic, [(partition, 0)])], answer
