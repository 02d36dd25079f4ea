"""The story: a few thousand events of every type, and what the account must hold after them. Pure.

The same seed tells the same story. It comes in waves: first people sign up, then they live. What a
wave relies on was done in the wave before, since nothing keeps an order between topics.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from demo.extras import SCENES, inbox_published, site_registered, webpush_registered
from demo.model import Expected
from demo.people import people
from demo.planted import PLANTED
from demo.sample import SKIPPED, Sample
from demo.scenes import signed_up
from demo.stage import Stage

SIGN_UPS = 0.22  # of all events
BAD = 0.02
TOMBSTONES = 0.002
STORY_BEGINS = datetime(2026, 1, 31, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """All samples in the order they are told, and the account in the end."""

    samples: Sequence[Sample]
    expected: Expected

    def wave(self, number: int) -> list[Sample]:
        """Return the samples of one wave: 1 or 2."""
        return [sample for sample in self.samples if sample.wave == number]


def events(count: int, seed: int, begins: datetime = STORY_BEGINS) -> Story:
    """Tell a story of exactly `count` events, at least 200.

    Two in a hundred are bad (see `planted`), each kind of bad at least once.
    """
    rng = random.Random(seed)  # noqa: S311 - a story, not a secret
    cast = people(round(count * SIGN_UPS), rng)
    stage = Stage(
        rng=rng,
        now=begins,
        staying=[person for person in cast if person.role == "stays"],
        moving=[person for person in cast if person.role == "moves"],
        leaving=[person for person in cast if person.role == "leaves"],
    )
    for person in cast:
        signed_up(stage, person)
    for scene in (site_registered, webpush_registered, inbox_published):
        scene(stage)
    stage.wave = 2
    _live(stage, count - len(stage.samples))
    return Story(samples=tuple(stage.samples), expected=stage.expected)


def _live(stage: Stage, count: int) -> None:
    bad = max(len(PLANTED), round(count * BAD / (1 - SIGN_UPS)))
    tombstones = max(1, round(count * TOMBSTONES))
    scenes, weights = list(SCENES), list(SCENES.values())
    acts = stage.rng.choices(scenes, weights=weights, k=count - bad - tombstones)
    acts += [PLANTED[number % len(PLANTED)] for number in range(bad)]
    acts += [_tombstone] * tombstones
    stage.rng.shuffle(acts)
    for act in acts:
        act(stage)


def _tombstone(stage: Stage) -> None:
    """A compacted topic forgets a key: by default that says nothing to eSputnik."""
    key = f"forgotten-{stage.number('tombstone')}".encode()
    stage.add("user.deleted", None, key=key, verdict=SKIPPED)
