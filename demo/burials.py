"""The dead letters, compared with the events that were planted to become some. Pure."""

from collections import Counter
from collections.abc import Iterable

from consumer.deadletters.letter import DeadLetter, NotALetter
from demo.sample import Headers, Sample

Burial = tuple[str, bytes | None, bytes | None, Headers, str]  # and last, why


def wrong_burials(
    samples: Iterable[Sample], letters: Iterable[DeadLetter | NotALetter]
) -> list[str]:
    """Return a sentence for each letter that is missing, or that nobody planted.

    A letter is the planted one if topic, key, value, headers and reason are, byte for byte. One
    that was written twice counts once: its id tells.
    """
    letters = list(letters)
    planted = Counter(_planted(sample) for sample in samples if sample.is_buried)
    by_id = {one.id: one for one in letters if isinstance(one, DeadLetter)}
    buried = Counter(_buried(letter) for letter in by_id.values())
    strangers = [one for one in letters if isinstance(one, NotALetter)]
    return [
        *(_sentence(one, n, "planted and not buried") for one, n in (planted - buried).items()),
        *(_sentence(one, n, "buried and not planted") for one, n in (buried - planted).items()),
        *(f"a record of the dead-letter topic is no letter: {one.why}" for one in strangers),
    ]


def _planted(sample: Sample) -> Burial:
    return sample.topic, sample.key, sample.value, sample.headers, sample.verdict


def _buried(letter: DeadLetter) -> Burial:
    record = letter.original
    return record.topic, record.key, record.value, tuple(record.headers), letter.reason


def _sentence(burial: Burial, times: int, what: str) -> str:
    topic, *_, reason = burial
    return f"{times} of topic {topic}, {what} as {reason}"
