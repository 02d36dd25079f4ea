"""All deliberate defects, by number; letters tell the forms of one apart."""

from tests.mutants import answers, calls, letters, offsets
from tests.mutants.mutant import Mutant


def number(mutant: Mutant) -> int:
    """Return the number in a mutant's name."""
    return int(mutant.name.strip("Mabc"))


MUTANTS: tuple[Mutant, ...] = tuple(
    sorted(
        (*offsets.MUTANTS, *answers.MUTANTS, *calls.MUTANTS, *letters.MUTANTS),
        key=lambda mutant: (number(mutant), mutant.name),
    )
)
