"""Words of consent, for worlds of three topics; times in seconds from the virtual beginning."""

from datetime import UTC, datetime
from typing import Any

from consumer.record import Record
from tests.fakes.time import START
from tests.service.world import World

ANN, BOB = "ann@example.com", "bob@example.com"
TOPICS = ("events", "web", "crm")
SKEW, DAY = 300, 86_400


def a_world(**given: Any) -> World:
    """Make a world that reads three topics."""
    given = {"topics": {topic: {} for topic in TOPICS}} | given
    return World(partitions=dict.fromkeys(TOPICS, 1), **given)


def at(seconds: float) -> str:
    """Return a time as events have it."""
    return datetime.fromtimestamp(START + seconds, UTC).isoformat()


def say(world: World, kind: str, when: float, *, topic: str = "events", **who: Any) -> Record:
    """Produce an opt-out (`out`) or an opt-in (`in`) of Ann by e-mail, or of whom is named."""
    data = {"channel": "email"} | (who or {"email": ANN})
    return world.put(f"contact.opted_{kind}", data, topic=topic, occurred_at=at(when))


async def said_in_turn(*words: tuple[str, float, str], world: World | None = None) -> World:
    """Say words about Ann, each once the one before is finished."""
    world = world or a_world()
    async with world.running():
        for kind, when, topic in words:
            say(world, kind, when, topic=topic)
            await world.settled()
    return world


def is_out(world: World, email: str = ANN) -> bool:
    """Tell whether the account holds an address as opted out."""
    return email in world.state()["unsubscribed"]
