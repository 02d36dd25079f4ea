"""The service under measurement: the real command with its own settings, all guarantees on."""

import sys
from collections.abc import Mapping

from bench.lap import Contestant, Place
from bench.workload import WORKS
from demo.parts import consumer_settings

NAME = "esputnik-sync"
COMMAND = (sys.executable, "-m", "consumer", "run")


def product(copies: int = 1, *, name: str = NAME, title: str = "") -> Contestant:
    """Return the service, in so many replicas of one group."""
    return Contestant(
        name=name,
        title=title or f"**{NAME}**",
        command=COMMAND,
        environment=settings,
        copies=copies,
    )


def settings(place: Place, more: Mapping[str, object]) -> Mapping[str, str]:
    """Return the environment of one replica; what is not named here is left as it comes."""
    topics = {place.topic: {"type": WORKS[place.work].event_type}}
    given: dict[str, object] = {
        "KAFKA__GROUP_ID": place.group,
        "TOPICS": topics,
        "DEAD_LETTER__TOPIC": dead_letters(place.group),
    }
    return consumer_settings(place.bootstrap, place.api, **{**given, **more})


def dead_letters(group: str) -> str:
    """Return the topic that a group's dead letters go to."""
    return f"{group}-dead-letters"
