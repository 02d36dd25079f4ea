"""A deliberate defect: where it is planted, what it does, and the tests that must see it."""

from dataclasses import dataclass
from pathlib import Path


class StaleError(Exception):
    """The product has changed: what a mutant replaces is not there, or more than once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """`old` stands once in `file`, and `new` in its place is the defect that `about` tells of.

    `tests` are the ids of those that must go red, every one of them.
    """

    name: str
    about: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def planted(self, text: str) -> str:
        """Return the file's text with the defect in it.

        Raises:
            StaleError: What is to be replaced is not there, or more than once.
        """
        count = text.count(self.old)
        if count != 1:
            raise StaleError(f"{self.file} holds what it replaces {count} times, must hold it once")
        return text.replace(self.old, self.new)

    def plant(self, root: Path) -> None:
        """Put the defect into a copy of the product. Raises StaleError."""
        path = root / self.file
        path.write_text(self.planted(path.read_text("utf-8")), "utf-8")
