"""Probes, metrics and version over HTTP."""

import errno
import hmac
from types import TracebackType
from typing import Any, Protocol, Self

import orjson
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from consumer.errors import SettingsError
from consumer.operations.serving import Serving
from consumer.operations.telemetry import Metrics
from consumer.settings.conflicts import is_loopback
from consumer.settings.model import Admin, env_name

log = structlog.get_logger()

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Health(Protocol):
    """Who knows whether the process lives."""

    def alive(self) -> tuple[bool, dict[str, Any]]:
        """Tell whether the loop makes progress, and why not."""
        ...

    def ready(self) -> tuple[bool, dict[str, Any]]:
        """Tell whether the group is joined and nothing is blocked, and why not."""
        ...

    def measure(self, gauges: Metrics) -> None:
        """Set the gauges as things stand now."""
        ...


class AdminServer:
    """An async context manager: listening inside, closed after.

    On a host that is not loopback all but the probes ask for the token as a Bearer.
    """

    def __init__(self, settings: Admin, *, metrics: Metrics, health: Health, version: str) -> None:
        self._settings = settings
        self._metrics = metrics
        self._health = health
        self._version = version
        routes = [
            Route("/livez", self._livez),
            Route("/healthz", self._livez),
            Route("/readyz", self._readyz),
            Route("/metrics", self._show_metrics),
            Route("/version", self._show_version),
        ]
        app = Starlette(routes=routes)
        self._serving = Serving(app, host=settings.host, port=settings.port)

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        return self._serving.port

    async def __aenter__(self) -> Self:
        """Listen. Raises SettingsError where the port is in use."""
        try:
            await self._serving.__aenter__()
        except OSError as trouble:
            raise SettingsError([self._fault(trouble)]) from None
        log.info("admin_listening", host=self._settings.host, port=self.port)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening."""
        await self._serving.__aexit__(kind, error, trace)

    def _fault(self, trouble: OSError) -> str:
        """Say which setting is to be mended."""
        place = f"{self._settings.host}:{self._settings.port}"
        if trouble.errno in {errno.EADDRINUSE, errno.EACCES}:
            name, advice = "admin.port", "use another port, or 0 for a free one"
        else:
            name, advice = "admin.host", "use an address of this machine"
        return f"{env_name(name)}: cannot listen on {place} ({trouble.strerror}); {advice}"

    async def _livez(self, _: Request) -> Response:
        return _answer(*self._health.alive())

    async def _readyz(self, _: Request) -> Response:
        return _answer(*self._health.ready())

    async def _show_metrics(self, request: Request) -> Response:
        if not self._may_see(request):
            return _denied()
        self._health.measure(self._metrics)
        return Response(self._metrics.render(), media_type=METRICS_TYPE)

    async def _show_version(self, request: Request) -> Response:
        if not self._may_see(request):
            return _denied()
        return _answer(True, {"version": self._version})

    def _may_see(self, request: Request) -> bool:
        if is_loopback(self._settings.host):
            return True
        token = self._settings.token
        if token is None or not token.get_secret_value():
            return False
        wanted = f"Bearer {token.get_secret_value()}"
        given = request.headers.get("authorization", "")
        return hmac.compare_digest(given.encode(), wanted.encode())


def _answer(good: bool, told: dict[str, Any]) -> Response:  # noqa: FBT001 - what a probe asks
    return Response(
        orjson.dumps(told), status_code=200 if good else 503, media_type="application/json"
    )


def _denied() -> Response:
    return Response(status_code=401, headers={"www-authenticate": "Bearer"})
