"""What was said about consent, and what is known of one name. Pure values.

A name is somebody's user id, e-mail or phone, as a keyed hash. Times are whole milliseconds since
1970 UTC, as Kafka's are.
"""

from collections.abc import Sequence
from typing import NamedTuple

from consumer.record import Partition

EMAIL = "email"  # the target that is eSputnik's list of unsubscribed addresses


class Word(NamedTuple):
    """One explicit word, an opt-out or an opt-in, and where its record lies.

    `target`: what it is about, as in `handlers.mapped.Mapped.targets`.
    """

    is_out: bool
    target: str
    at: int
    place: Partition
    offset: int


class Link(NamedTuple):
    """The hash of the e-mail that a user id was last seen with, and since when."""

    email: bytes
    at: int


class Known(NamedTuple):
    """All that is known of one name: what was said, the link of a user id, a deletion."""

    words: Sequence[Word] = ()
    link: Link | None = None
    deleted_at: int | None = None
