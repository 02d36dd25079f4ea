"""What a replica and a replay have in common, for whoever looks at them."""

from typing import TYPE_CHECKING, Protocol

from consumer.delivery import Delivery
from consumer.job import Errand
from tests.fakes.meter import CountingMeter

if TYPE_CHECKING:
    from tests.simulation.world import World


class Process(Protocol):
    """A process that sends. `busy`: names that a request is under way for."""

    name: str
    world: "World"
    busy: dict[str, Errand]
    delivery: Delivery

    @property
    def meter(self) -> CountingMeter: ...
