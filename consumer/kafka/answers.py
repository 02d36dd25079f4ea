"""Hears what the group's coordinator answers: aiokafka keeps to itself when it last did."""

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import NoError, RebalanceInProgressError
from aiokafka.protocol.group import HeartbeatRequest, SyncGroupRequest

from consumer.lease import Lease


def renew(lease: Lease, consumer: AIOKafkaConsumer) -> None:
    """Keep a lease by the answers to this client's heartbeats, once it was started."""
    coordinator = consumer._coordinator  # noqa: SLF001 - nothing public tells
    send, reset = coordinator._send_req, coordinator.reset_generation  # noqa: SLF001 - as above

    async def sent(request: object) -> object:
        asked_at = asyncio.get_running_loop().time()
        answer: Any = await send(request)
        if isinstance(request, (HeartbeatRequest, SyncGroupRequest)):
            _hear(lease, answer.error_code, asked_at)
        return answer

    def forgotten() -> None:
        lease.lost()
        reset()

    coordinator._send_req, coordinator.reset_generation = sent, forgotten  # noqa: SLF001 - as above


def _hear(lease: Lease, error: int, asked_at: float) -> None:
    is_calm = error == NoError.errno
    if is_calm or error == RebalanceInProgressError.errno:
        lease.heard(asked_at, is_calm=is_calm)
