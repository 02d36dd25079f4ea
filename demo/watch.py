"""Looks at the consumer from outside: what its metrics say, until they say what is waited for."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from demo.figures import Figures, read_figures
from demo.parts import Part
from demo.show import Show

LOOK_EVERY = 0.1  # s
STANDSTILL = 60.0  # s without any change until the demonstration gives up


@dataclass(slots=True, kw_only=True)
class Watch:
    """Watches a consumer by its metrics, at this address."""

    part: Part
    admin: str
    http: httpx.AsyncClient
    show: Show
    standstill: float = STANDSTILL

    async def until(self, holds: Callable[[Figures], bool]) -> Figures:
        """Return the figures once this holds of them.

        Raises:
            DemoError: The consumer ended, or nothing changed for too long.
        """
        now = asyncio.get_running_loop().time
        last, since = Figures(), now()
        while True:
            figures = await self._look() or last
            self.show.finished(figures.finished)
            if holds(figures):
                return figures
            if figures != last:
                last, since = figures, now()
            elif now() - since > self.standstill:
                raise self.part.failed(
                    f"stands still: {figures.finished:,} of {figures.records:,} events came to an "
                    f"end, {figures.lag:,} were not taken"
                )
            await asyncio.sleep(LOOK_EVERY)

    async def _look(self) -> Figures | None:
        """Return the figures; None where there was no answer, though it runs."""
        self.part.check()
        try:
            answer = await self.http.get(f"{self.admin}/metrics")
        except httpx.TransportError:
            return None
        return read_figures(answer.text)
