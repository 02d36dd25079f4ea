"""Serves an application on a socket, inside the running event loop."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import uvicorn
from starlette.types import ASGIApp

STOP_SECONDS = 2


class _Server(uvicorn.Server):
    """Leaves the signals to the process it runs in."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take none."""
        yield


class Serving:
    """An async context manager: listening inside, closed after. Port 0 picks a free one."""

    def __init__(self, app: ASGIApp, *, host: str, port: int) -> None:
        self._config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            date_header=True,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        self._address = (host, port)
        self._server = _Server(self._config)
        self._task: asyncio.Task[None] | None = None
        self.port = port

    async def __aenter__(self) -> Self:
        """Listen. Raises OSError where the port is taken."""
        family = socket.AF_INET6 if ":" in self._address[0] else socket.AF_INET
        listener = socket.create_server(self._address, family=family, backlog=512)
        self.port = listener.getsockname()[1]
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, once the requests under way are answered."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task
