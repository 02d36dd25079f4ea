"""Why no broker lets us in: aiokafka's clients tell it their log alone, so we knock ourselves."""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import KafkaError

KNOCK_SECONDS = 5.0  # at one broker
FOR_CLIENTS = {"bootstrap_servers", "metadata_max_age_ms"}  # what a connection does not take


async def knock(options: Mapping[str, Any]) -> Sequence[Exception]:
    """Log in at each broker named; return what each said, nothing if one lets us in.

    `options` are those of a client.
    """
    own = {name: value for name, value in options.items() if name not in FOR_CLIENTS}
    said: list[Exception] = []
    for host, port, _ in collect_hosts(options["bootstrap_servers"], randomize=False):
        try:
            async with asyncio.timeout(KNOCK_SECONDS):
                connection = await create_conn(host, port, **own)
        except (KafkaError, OSError, TimeoutError) as trouble:
            said.append(trouble)
        else:
            await connection.close()
            return ()
    return said


def distrust(trouble: Exception) -> str | None:
    """Return why a broker's certificate cannot be trusted; None where that is not the trouble."""
    if isinstance(trouble, ssl.SSLCertVerificationError):
        return trouble.verify_message.rstrip(".")
    return None


def refused_certificate(trouble: Exception) -> str | None:
    """Return the broker's alert about our certificate; None where that is not the trouble."""
    alert = trouble.__cause__
    reason = alert.reason if isinstance(alert, ssl.SSLError) else None
    return reason if reason and "CERTIFICATE" in reason else None
