"""The sandbox account as a server on this machine."""

import asyncio
import gc
import signal
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from consumer.errors import SettingsError
from consumer.operations.serving import Serving
from esputnik.sandbox.account import Account
from esputnik.sandbox.server import API, SandboxApp
from esputnik.sandbox.switches import Switches


class SandboxServer:
    """An account listening while the context is open; port 0 picks a free one."""

    def __init__(
        self,
        *,
        port: int = 0,
        seed: int = 0,
        faults: Mapping[str, float] | None = None,
        switches: Switches | None = None,
    ) -> None:
        account = Account(switches=switches, seed=seed, faults=faults)
        self._serving = Serving(SandboxApp(account), host="127.0.0.1", port=port)

    async def __aenter__(self) -> Self:
        """Listen. Raises OSError where the port is taken."""
        await self._serving.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening."""
        await self._serving.__aexit__(kind, error, trace)

    @property
    def control_url(self) -> str:
        """Return where the account itself is reached."""
        return f"http://127.0.0.1:{self._serving.port}"

    @property
    def base_url(self) -> str:
        """Return where the API is reached."""
        return self.control_url + API


async def serve(
    *,
    port: int,
    seed: int,
    faults: Mapping[str, float],
    switches: Switches,
    ready: Callable[[str], None],
) -> None:
    """Serve an account until SIGINT or SIGTERM; `ready` is told the API's address.

    Raises:
        SettingsError: The port is in use, or a fault is none.
    """
    try:
        server = SandboxServer(port=port, seed=seed, faults=faults, switches=switches)
    except ValueError as fault:
        raise SettingsError([f"--fault {fault}"]) from None
    # The account only grows: looking through it for garbage costs more than it ever finds.
    gc.set_threshold(100_000, 50, 100)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(server)
        except OSError:
            raise SettingsError(
                [f"--port {port}: is in use; use another, or 0 for a free one"]
            ) from None
        ready(server.base_url)
        await stopped.wait()
