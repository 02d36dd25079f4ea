"""The people of the story. All of them are made up, their addresses lead nowhere. Pure."""

import random
from dataclasses import dataclass
from typing import Literal

FIRST_NAMES = ("Olena", "Taras", "Marta", "Ivan", "Sofia", "Andrii", "Anna", "Pavlo", "Zoe", "Leon")
LAST_NAMES = (
    "Koval",
    "Melnyk",
    "Bondar",
    "Shevchuk",
    "Lysenko",
    "Moroz",
    "Novak",
    "Berg",
    "Ferrer",
)
CITIES = ("Kyiv", "Lviv", "Odesa", "Dnipro", "Poltava")
LANGUAGES = ("uk", "en", "de", "es-AR")
TIME_ZONES = ("Europe/Kyiv", "Europe/Berlin", "America/Argentina/Buenos_Aires")

Role = Literal["stays", "moves", "leaves"]
ConsentBy = Literal["email", "user_id", "phone"]


@dataclass(slots=True, kw_only=True)
class Person:
    """Somebody who signs up.

    `moves` people change addresses, `leaves` people ask to be deleted; neither does anything on
    other topics, where it could not be told whether that came before or after. `consent_by` is
    how the person's opt-outs are told: one way each, since order holds by identifier.
    """

    user_id: str
    email: str
    phone: str
    first_name: str
    last_name: str
    role: Role
    consent_by: ConsentBy


def people(count: int, rng: random.Random) -> list[Person]:
    """Return so many different people."""
    return [_person(number, rng) for number in range(1, count + 1)]


def _person(number: int, rng: random.Random) -> Person:
    first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
    role: list[Role] = rng.choices(["stays", "moves", "leaves"], weights=[88, 6, 6])
    consent: list[ConsentBy] = rng.choices(["email", "user_id", "phone"], weights=[80, 14, 6])
    return Person(
        user_id=f"user-{number:05d}",
        email=f"{first}.{last}.{number}@example.com".lower(),
        phone=f"+38067{number:07d}",
        first_name=first,
        last_name=last,
        role=role[0],
        consent_by=consent[0],
    )
