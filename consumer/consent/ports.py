"""The seams of the memory's topic. Each has a real part in `consumer.kafka` and a proved fake."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from consumer.record import Partition, Record


class Page(NamedTuple):
    """Some records of a topic, and up to where each partition is read with them."""

    records: Sequence[Record]
    position: Mapping[Partition, int]


class Followed(Protocol):
    """A topic that is read from its beginning, all partitions, and on and on."""

    async def poll(self) -> Page:
        """Return the next records, none if all is quiet for a moment. Raises for no outage."""
        ...

    async def ends(self) -> Mapping[Partition, int] | None:
        """Return up to where each partition is written now; None while nobody can tell."""
        ...


class Shelf(Protocol):
    """Where the memory is kept; see `consumer.consent.topic`."""

    async def catch_up(self) -> bool:
        """Return True once all that was acknowledged so far is known; False if it takes long."""
        ...

    async def write(self, names: Iterable[bytes]) -> None:
        """Write all that is known of these names; return once all in-sync replicas have it."""
        ...


class Admin(Protocol):
    """What must be asked of the brokers, or made there."""

    async def topics(self) -> frozenset[str]:
        """Return the topics that exist."""
        ...

    async def config(self, topic: str) -> Mapping[str, str]:
        """Return a topic's configuration; empty where the broker does not tell."""
        ...

    async def create(
        self, topic: str, *, partitions: int, config: Mapping[str, str], setting: str
    ) -> None:
        """Create a topic. Raises SettingsError, with the setting's name, where it may not be."""
        ...
