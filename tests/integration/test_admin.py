"""Probes and metrics, over real sockets."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from consumer.errors import SettingsError
from consumer.operations.admin import AdminServer
from consumer.operations.telemetry import Metrics
from consumer.settings.model import Admin

TOKEN = "a-secret-token"
PROTECTED = ["/metrics", "/version"]
PROBES = ["/livez", "/healthz", "/readyz"]


@dataclass
class Health:
    is_alive: bool = True
    is_ready: bool = True
    told: dict[str, Any] = field(default_factory=dict)

    def alive(self) -> tuple[bool, dict[str, Any]]:
        return self.is_alive, {"alive": self.is_alive} | self.told

    def ready(self) -> tuple[bool, dict[str, Any]]:
        return self.is_ready, {"ready": self.is_ready} | self.told

    def measure(self, gauges: Metrics) -> None:
        gauges.gauge(
            buffered_records=3,
            buffered_bytes=5,
            oldest_unfinished=0,
            imports=0,
            oldest_import=0,
            lags={},
            paused={},
        )


@asynccontextmanager
async def asking(
    health: Health | None = None, metrics: Metrics | None = None, **settings: Any
) -> AsyncIterator[httpx.AsyncClient]:
    server = AdminServer(
        Admin(**({"port": 0} | settings)),
        metrics=metrics or Metrics(),
        health=health or Health(),
        version="1.2.3",
    )
    async with server, httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as client:
        yield client


@pytest.mark.parametrize("path", ["/livez", "/healthz"])
async def test_a_process_that_makes_progress_is_alive(path: str) -> None:
    async with asking(Health(is_ready=False)) as client:
        answer = await client.get(path)

    assert (answer.status_code, answer.json()) == (200, {"alive": True})


@pytest.mark.parametrize("path", ["/livez", "/healthz"])
async def test_a_stalled_process_is_not_alive(path: str) -> None:
    async with asking(Health(is_alive=False, told={"lag": 9})) as client:
        answer = await client.get(path)

    assert (answer.status_code, answer.json()) == (503, {"alive": False, "lag": 9})


async def test_readiness_says_why_not() -> None:
    health = Health(is_ready=False, told={"held": [{"what": "account", "why": "401"}]})
    async with asking(health) as client:
        answer = await client.get("/readyz")
        health.is_ready = True
        later = await client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["held"] == [{"what": "account", "why": "401"}]
    assert later.status_code == 200


async def test_metrics_are_those_of_now() -> None:
    metrics = Metrics()
    async with asking(metrics=metrics) as client:
        metrics.taken("orders", 1)
        answer = await client.get("/metrics")

    assert 'esputnik_sync_records_total{topic="orders"} 1.0' in answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")


async def test_the_version_is_told() -> None:
    async with asking() as client:
        assert (await client.get("/version")).json() == {"version": "1.2.3"}


async def test_nothing_else_is_served() -> None:
    async with asking() as client:
        assert (await client.get("/")).status_code == 404
        assert (await client.post("/livez")).status_code == 405


@pytest.mark.parametrize("path", PROTECTED)
@pytest.mark.parametrize(
    "given", [{}, {"authorization": f"Bearer {TOKEN}x"}, {"authorization": TOKEN}]
)
async def test_on_an_open_host_all_but_the_probes_ask_for_the_token(
    path: str, given: dict[str, str]
) -> None:
    async with asking(host="0.0.0.0", token=SecretStr(TOKEN)) as client:  # noqa: S104 - its case
        refused = await client.get(path, headers=given)
        allowed = await client.get(path, headers={"authorization": f"Bearer {TOKEN}"})

    assert (refused.status_code, refused.content) == (401, b"")
    assert refused.headers["www-authenticate"] == "Bearer"
    assert allowed.status_code == 200


@pytest.mark.parametrize("path", PROBES)
async def test_on_an_open_host_the_probes_ask_for_nothing(path: str) -> None:
    async with asking(host="0.0.0.0", token=SecretStr(TOKEN)) as client:  # noqa: S104 - its case
        assert (await client.get(path)).status_code == 200


@pytest.mark.parametrize("token", [None, SecretStr("")])
async def test_an_open_host_without_a_token_lets_nobody_in(token: SecretStr | None) -> None:
    async with asking(host="0.0.0.0", token=token) as client:  # noqa: S104 - its case
        answer = await client.get("/metrics", headers={"authorization": "Bearer"})

    assert answer.status_code == 401


async def test_a_port_in_use_names_the_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError) as caught:
            async with asking(port=port):
                pass

    (fault,) = caught.value.faults
    assert fault.startswith(f"ESPUTNIK_SYNC_ADMIN__PORT: cannot listen on 127.0.0.1:{port} (")
    assert caught.value.exit_code == 78


async def test_a_host_that_is_not_ours_names_the_setting() -> None:
    with pytest.raises(SettingsError, match="ESPUTNIK_SYNC_ADMIN__HOST: cannot listen on 192"):
        async with asking(host="192.0.2.1"):
            pass


async def test_after_the_end_nobody_listens() -> None:
    async with asking() as client:
        port = client.base_url.port

    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
        pass
