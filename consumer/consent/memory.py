"""What is known of consent, by the hash of a name. Pure; plain state, one owner.

Everything only grows towards the newest: the order in which things are noted does not matter, nor
does noting them again. A million opted-out addresses take 140 MB, with a user id beside each 380 MB
(measured with CPython 3.11).
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from consumer.consent.packing import Packing, chunks, joined
from consumer.consent.words import Known, Link, Word

_LINK_TIME = 6  # bytes


class Memory:
    """Words, links from user ids to e-mails, deletions."""

    def __init__(self) -> None:
        self._packing = Packing()
        self._words: dict[bytes, bytes] = {}
        self._links: dict[bytes, bytes] = {}
        self._deletions: dict[bytes, int] = {}
        self._behind: Counter[bytes] = Counter()

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing is known of anybody."""
        return not (self._words or self._links or self._deletions)

    @property
    def has_deletions(self) -> bool:
        """Tell whether anybody was deleted."""
        return bool(self._deletions)

    def names(self) -> Iterator[bytes]:
        """Return every name of which anything is known."""
        yield from self._words.keys() | self._links.keys() | self._deletions.keys()

    # -- what is known ----------------------------------------------------------------------

    def knows_any(self, names: Iterable[bytes]) -> bool:
        """Tell whether anything is known of one of these names."""
        words, links, deletions = self._words, self._links, self._deletions
        for name in names:  # noqa: SIM110 - for every contact: half the time of `any`
            if name in words or name in deletions or name in links:
                return True
        return False

    def words(self, name: bytes, target: str) -> list[Word]:
        """Return what was said about one target under a name."""
        packed = self._words.get(name)
        if packed is None:
            return []
        return [word for word in self._packing.words(packed) if word.target == target]

    def opt_ins(self, name: bytes, target: str) -> list[Word]:
        """Return the opt-ins among what was said about one target under a name."""
        return [word for word in self.words(name, target) if not word.is_out]

    def signs(self, name: bytes, target: str) -> tuple[list[Word], int]:
        """Return what differs as soon as an opt-in may have been told elsewhere meanwhile.

        Of opt-ins of one partition the newest is kept, so an older one leaves no other word. But
        whoever told it wrote of the name, and had not heard what is known here.
        """
        return self.opt_ins(name, target), self._behind[name]

    def link(self, user: bytes) -> Link | None:
        """Return which e-mail a user id was last seen with."""
        packed = self._links.get(user)
        if packed is None:
            return None
        return Link(email=packed[_LINK_TIME:], at=int.from_bytes(packed[:_LINK_TIME]))

    def deleted_at(self, name: bytes) -> int | None:
        """Return when the contact of a name was last deleted, in ms."""
        return self._deletions.get(name)

    def known(self, name: bytes) -> Known:
        """Return all that is known of a name."""
        words = self._packing.words(self._words.get(name, b""))
        return Known(
            words=tuple(sorted(words)), link=self.link(name), deleted_at=self.deleted_at(name)
        )

    # -- what is new ------------------------------------------------------------------------

    def note(self, names: Iterable[bytes], word: Word) -> None:
        """Remember a word under each of these names."""
        packed = self._packing.pack(word)
        for name in names:
            known = self._words.get(name)
            self._words[name] = packed if known is None else joined(known, packed)

    def note_link(self, user: bytes, link: Link) -> None:
        """Remember which e-mail a user id was seen with; the newest counts, of two the larger."""
        packed = link.at.to_bytes(_LINK_TIME) + link.email
        self._links[user] = max(packed, self._links.get(user, packed))

    def note_deletion(self, names: Iterable[bytes], at: int) -> None:
        """Remember when the contact of these names was deleted."""
        for name in names:
            self._deletions[name] = max(at, self._deletions.get(name, at))

    def merge(self, name: bytes, told: Known) -> bool:
        """Take in what somebody knows of a name; tell whether that is all that is known of it."""
        for word in told.words:
            self.note((name,), word)
        if told.link is not None:
            self.note_link(name, told.link)
        if told.deleted_at is not None:
            self.note_deletion((name,), told.deleted_at)
        is_all = self._is_all(name, told)
        if not is_all and any(not word.is_out for word in told.words):
            self._behind[name] += 1
        return is_all

    def _is_all(self, name: bytes, told: Known) -> bool:
        words = {self._packing.pack(word) for word in told.words}
        return (
            words.issuperset(chunks(self._words.get(name, b"")))
            and told.link == self.link(name)
            and told.deleted_at == self.deleted_at(name)
        )
