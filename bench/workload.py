"""The work: events as producers would send them. Pure: a number in, bytes out.

The number of an event is also the number of the order or contact it is about, so that the sink
can tell by number alone what was lost and what came twice.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from consumer.record import Headers

PARTITIONS = 8
PEOPLE = 100_000  # who place the orders
POISON_EVERY = 1000  # one event in so many is cut off, where the work is poisoned

_MASK = (1 << 64) - 1
_FIRST = ("Olena", "Ivan", "Maria", "Taras", "Iryna", "Andrii", "Sofiia", "Bohdan")
_LAST = ("Kovalenko", "Shevchenko", "Bondarenko", "Tkachenko", "Melnyk", "Savchenko", "Lysenko")
_CITIES = ("Kyiv", "Lviv", "Odesa", "Kharkiv", "Dnipro", "Poltava")
_GOODS = ("linen-summer-dress", "leather-belt-brown", "canvas-running-shoes", "wool-winter-coat")
_STATUSES = ("initialized", "in_progress", "in_progress", "delivered", "delivered", "cancelled")
_HOSTS = ("example.com", "example.org", *(f"mail{number}.example.net" for number in range(40)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A kind of event. `event` writes the event of a number, `key` says whose it is."""

    name: str
    event_type: str
    batch: int  # items of the API's largest request
    event: Callable[[int], bytes]
    key: Callable[[int], int]


class Entry(NamedTuple):
    """A record to be produced."""

    partition: int
    key: bytes
    value: bytes
    headers: Headers = ()


def entries(work: Work, events: int, *, poisoned: bool = False) -> Iterator[Entry]:
    """Yield the record of each event; what has one key always lies in one partition."""
    for number in range(events):
        value, whose = work.event(number), work.key(number)
        if poisoned and is_poison(number):
            value = value[: len(value) // 2]
        yield Entry(whose % PARTITIONS, b"USR-%07d" % whose, value)


def is_poison(number: int) -> bool:
    """Tell whether an event is cut off in poisoned work."""
    return number % POISON_EVERY == POISON_EVERY - 1


def poison_in(events: int) -> int:
    """Return how many of the first events are cut off in poisoned work."""
    return events // POISON_EVERY


def scattered(number: int) -> int:
    """Return a number that looks like chance and is always the same: the mix of splitmix64."""
    mixed = (number * 0x9E3779B97F4A7C15 + 0x1234567) & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    return mixed ^ (mixed >> 31)


# -- orders ---------------------------------------------------------------------------------


def buyer(number: int) -> int:
    """Return who placed an order."""
    return scattered(number) % PEOPLE


def order_event(number: int) -> bytes:
    """Return an order of two items, about 600 bytes, as an envelope."""
    person, chance = buyer(number), scattered(number ^ 0xABCD)
    first, second = 100 + chance % 90_000, 100 + (chance >> 20) % 90_000
    placed = f"2025-11-{1 + chance % 20:02d}T{chance % 24:02d}:{chance % 60:02d}:{person % 60:02d}"
    return (
        f'{{"id":"evt-{number:08d}","type":"order.changed","occurred_at":"{placed}Z","data":{{'
        f'"order_id":"ORD-{number:07d}","status":"{_pick(_STATUSES, chance)}",'
        f'"total":{_money(first + second)},"date":"{placed}+02:00","currency":"UAH",'
        f'"user_id":"USR-{person:07d}","email":"{_email(person)}",'
        f'"first_name":"{_pick(_FIRST, person)}","last_name":"{_pick(_LAST, person)}",'
        f'"items":[{_item(chance >> 3, first)},{_item(chance >> 23, second)}]}}}}'
    ).encode()


def _item(chance: int, cents: int) -> str:
    goods, code = _pick(_GOODS, chance), chance % 100_000
    return (
        f'{{"product_id":"SKU-{code:05d}","name":"{goods.replace("-", " ")}","quantity":1,'
        f'"price":{_money(cents)},"url":"https://shop.example.com/p/{goods}-{code}"}}'
    )


# -- contacts -------------------------------------------------------------------------------


def contact_event(number: int) -> bytes:
    """Return an update of a contact of their own, every other one with a phone, about 300 bytes."""
    chance = scattered(number)
    phone = f'"phone":"+38067{number:07d}",' if number % 2 else ""
    return (
        f'{{"id":"evt-{number:08d}","type":"user.updated","occurred_at":"2025-11-20T10:'
        f'{chance % 60:02d}:{number % 60:02d}Z","data":{{"user_id":"USR-{number:07d}",'
        f'"email":"{_email(number)}",{phone}"first_name":"{_pick(_FIRST, chance)}",'
        f'"last_name":"{_pick(_LAST, chance >> 8)}","language":"uk","time_zone":"Europe/Kyiv",'
        f'"address":{{"city":"{_pick(_CITIES, chance >> 16)}","postal_code":"{chance % 100000:05d}"'
        f"}}}}}}"
    ).encode()


# -- parts ----------------------------------------------------------------------------------


def _email(person: int) -> str:
    first, last = _pick(_FIRST, person).lower(), _pick(_LAST, person).lower()
    return f"{first}.{last}.{person}@{_pick(_HOSTS, person * 7)}"


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _pick(choices: tuple[str, ...], chance: int) -> str:
    return choices[chance % len(choices)]


ORDERS = Work(name="orders", event_type="order.changed", batch=1000, event=order_event, key=buyer)
CONTACTS = Work(
    name="contacts", event_type="user.updated", batch=3000, event=contact_event, key=int
)
WORKS = {work.name: work for work in (ORDERS, CONTACTS)}
