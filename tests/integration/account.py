"""The sandbox account of a test: served on this machine, gone and back again as the test likes."""

from collections.abc import Mapping
from typing import Any

import httpx

from consumer.operations.serving import Serving
from esputnik.sandbox.account import Account
from esputnik.sandbox.server import API, SandboxApp


class ServedAccount:
    """An account over HTTP. While it is closed nobody listens; what it holds it keeps."""

    def __init__(self, **account: Any) -> None:
        self._app = SandboxApp(Account(**account))
        self._port = 0
        self._serving: Serving | None = None

    async def open(self) -> None:
        """Listen, at the same address as before."""
        self._serving = Serving(self._app, host="127.0.0.1", port=self._port)
        await self._serving.__aenter__()
        self._port = self._serving.port

    async def close(self) -> None:
        """Be gone."""
        if self._serving is not None:
            serving, self._serving = self._serving, None
            await serving.__aexit__(None, None, None)

    @property
    def base_url(self) -> str:
        return f"{self._address}{API}"

    async def state(self) -> dict[str, Any]:
        """What the account holds."""
        return dict(await self._get("state"))

    async def requests(self) -> list[dict[str, Any]]:
        """What it was asked, in order."""
        return list(await self._get("requests"))

    async def rules(self, *rules: Mapping[str, Any]) -> None:
        """Say what is to be refused from now on."""
        await self._put("rules", list(rules))

    async def faults(self, **chances: float) -> None:
        """Say what is to go wrong by chance from now on."""
        await self._put("faults", chances)

    async def use_key(self, key: str) -> None:
        """Take this API key alone from now on."""
        await self._put("key", {"key": key})

    async def _get(self, name: str) -> Any:
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{self._address}/sandbox/{name}")
        answer.raise_for_status()
        return answer.json()

    async def _put(self, name: str, body: object) -> None:
        async with httpx.AsyncClient() as client:
            answer = await client.put(f"{self._address}/sandbox/{name}", json=body)
        answer.raise_for_status()

    @property
    def _address(self) -> str:
        return f"http://127.0.0.1:{self._port}"
