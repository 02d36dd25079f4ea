"""What became of an event's calls, as one line of a dead letter. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

# What parts a line, what is invisible, and halves of signs, which no header can hold.
_OURS = re.compile(r"[\x00-\x20,=/:%\x7f-\xa0\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of one call: D delivered, R refused, X in doubt, N not tried."""

    intent: str
    slot: str
    state: str
    learned: Mapping[str, str] = field(default_factory=dict)


def write_fates(fates: Iterable[Fate]) -> str:
    """Return `intent/slot=state:name:value`, commas between.

    In slots and values the signs that part a line are percent-encoded, and what is invisible.
    """
    return ",".join(_write_fate(fate) for fate in fates)


def _write_fate(fate: Fate) -> str:
    slot = f"/{_quoted(fate.slot)}" if fate.slot else ""
    learned = "".join(f":{name}:{_quoted(text)}" for name, text in fate.learned.items())
    return f"{fate.intent}{slot}={fate.state}{learned}"


def _quoted(text: str) -> str:
    # Few signs: of long ids in other scripts a letter would grow beyond what the topic takes.
    return _OURS.sub(lambda sign: quote(sign[0], safe="", errors="replace"), text)


def read_fates(text: str) -> Iterator[Fate]:
    """Return what `write_fates` wrote. Raises ValueError for anything else."""
    for part in filter(None, text.split(",")):
        name, _, told = part.partition("=")
        intent, _, slot = name.partition("/")
        state, *learned = told.split(":")
        if state not in {"D", "R", "X", "N"} or len(learned) % 2:
            raise ValueError("no state of a call")
        values = map(unquote, learned[1::2])
        yield Fate(
            intent=intent,
            slot=unquote(slot),
            state=state,
            learned=dict(zip(learned[::2], values, strict=True)),
        )
