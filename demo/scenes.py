"""What people do: sign up, change, order, opt out. Each scene also tells the model. Pure."""

from datetime import timedelta
from typing import Any

from demo.model import Order as Told
from demo.people import CITIES, LANGUAGES, TIME_ZONES, Person
from demo.stage import Order, Stage

# What the demonstration sets: attributes and consent routes that eSputnik must know by number.
CUSTOM_FIELDS = {"loyalty_tier": 17, "birthday": 18, "is_vip": 19}
SMS_SEGMENT = 90
NEWS = "news"
CONSENT_ROUTES: dict[str, dict[str, int | str]] = {
    "sms": {"segment": SMS_SEGMENT},
    NEWS: {"subscription": NEWS},
}
STATUSES = {
    "initialized": "INITIALIZED",
    "in_progress": "IN_PROGRESS",
    "delivered": "DELIVERED",
    "cancelled": "CANCELLED",
    "abandoned": "ABANDONED_SHOPPING_CART",
}
PATHS = (
    ["initialized", "in_progress", "delivered"],
    ["initialized", "cancelled"],
    ["abandoned"],
    ["delivered"],
)


def signed_up(stage: Stage, person: Person) -> None:
    """Somebody signs up; one in three into a segment, which takes an import."""
    rng = stage.rng
    data: dict[str, Any] = {
        "user_id": person.user_id,
        "email": person.email,
        "phone": person.phone,
        "first_name": person.first_name,
        "last_name": person.last_name,
    }
    told: dict[str, str | None] = {
        "email": person.email,
        "sms": person.phone.removeprefix("+"),
        "firstName": person.first_name,
        "lastName": person.last_name,
    }
    if rng.random() < 0.5:  # noqa: PLR2004 - half of them
        data["language"] = told["languageCode"] = rng.choice(LANGUAGES)
        data["time_zone"] = told["timeZone"] = rng.choice(TIME_ZONES)
    groups = [rng.choice(("Newcomers", "Autumn sale"))] if rng.random() < 1 / 3 else []
    if groups:
        data["segments"] = groups
    stage.expected.tell_contact(person.user_id, told, groups=groups)
    stage.tell("user.signed_up", data, key=person.user_id)


def updated(stage: Stage) -> None:
    """Somebody's profile changes, in one of five ways; what is not named must stay."""
    rng, mover = stage.rng, stage.rng.random() < 0.1  # noqa: PLR2004 - one in ten
    if mover and stage.moving:
        _moved(stage, rng.choice(stage.moving))
        return
    person = stage.somebody()
    way = rng.choice((_renamed, _addressed, _attributed))
    data, told, custom = way(stage)
    stage.expected.tell_contact(person.user_id, told, custom)
    stage.tell("user.updated", {"user_id": person.user_id} | data, key=person.user_id)


Change = tuple[dict[str, Any], dict[str, str | None], dict[int, str | None]]


def _renamed(stage: Stage) -> Change:
    name = stage.rng.choice(("Kovalenko", "Bondarenko", "Lys", None))
    return {"last_name": name}, {"lastName": name}, {}


def _addressed(stage: Stage) -> Change:
    city, postcode = stage.rng.choice(CITIES), f"{stage.rng.randrange(1000, 99999):05d}"
    address = {"city": city, "postal_code": postcode}
    return {"address": address}, {"town": city, "postcode": postcode}, {}


def _attributed(stage: Stage) -> Change:
    tier, vip = stage.rng.choice(("gold", "silver", None)), stage.rng.random() < 1 / 2
    ids = CUSTOM_FIELDS
    told = {ids["loyalty_tier"]: tier, ids["is_vip"]: "true" if vip else "false"}
    # `shoe_size` has no field at eSputnik: left out, and counted.
    return {"attributes": {"loyalty_tier": tier, "is_vip": vip, "shoe_size": 41}}, {}, told


def _moved(stage: Stage, person: Person) -> None:
    person.email = f"moved.{stage.number('move')}.{person.user_id}@example.org"
    data = {"user_id": person.user_id, "email": person.email, "phone": None}
    stage.expected.tell_contact(person.user_id, {"email": person.email, "sms": None})
    stage.tell("user.updated", data, key=person.user_id)


def deleted(stage: Stage) -> None:
    """Somebody asks to be forgotten: by user id, or by an address that must be looked up.

    Once all who would have done so, somebody's profile changes instead.
    """
    if not stage.leaving:
        updated(stage)
        return
    person = stage.leaving.pop()
    known_by = stage.rng.choices(("user_id", "email"), weights=(7, 3))[0]
    data = {known_by: getattr(person, known_by), "erase": stage.rng.random() < 1 / 2}
    stage.expected.delete_contact(person.user_id)
    stage.tell("user.deleted", data, key=person.user_id)


def ordered(stage: Stage) -> None:
    """An order is placed, or one that is under way moves on."""
    orders = stage.open_orders
    if orders and stage.rng.random() < 0.6:  # noqa: PLR2004 - more news than new orders
        order = stage.rng.choice(orders)
    else:
        order = _placed(stage)
        orders.append(order)
    status = order.statuses.pop(0)
    if not order.statuses:
        orders.remove(order)
    items = [
        {"product_id": f"sku-{number}", "name": f"Thing {number}", "quantity": 1, "price": "19.90"}
        for number in range(1, order.items + 1)
    ]
    data = {
        "order_id": order.order_id,
        "status": status,
        "total": order.total if stage.rng.random() < 1 / 2 else float(order.total),
        "currency": order.currency,
        "date": order.placed_at.isoformat(),
        "items": items,
    }
    stage.expected.orders[order.order_id] = Told(
        STATUSES[status], order.total, order.currency, order.items
    )
    stage.tell("order.changed", data | order.buyer, key=order.order_id)


def _placed(stage: Stage) -> Order:
    rng, person = stage.rng, stage.somebody()
    buyer = rng.choices(
        (
            {"user_id": person.user_id},
            {"email": person.email},
            {"phone": person.phone},
            {"email": f"guest.{stage.number('guest')}@example.net"},
        ),
        weights=(70, 14, 6, 10),
    )[0]
    if buyer.get("email", "").startswith("guest."):
        stage.expected.guests.add(buyer["email"])
    return Order(
        order_id=f"ORD-{stage.number('order'):06d}",
        buyer=buyer,
        total=f"{rng.randrange(100, 9_999_99) / 100:.2f}",
        currency=rng.choice(("UAH", "EUR", "USD")),
        placed_at=stage.now - timedelta(minutes=5),
        items=rng.randrange(4),
        statuses=list(rng.choice(PATHS)),
    )


def consented(stage: Stage) -> None:
    """Somebody opts out, or in again: of e-mail, of SMS by its segment, of a category."""
    person, rng = stage.somebody(), stage.rng
    leaves = rng.random() < 2 / 3
    who = {person.consent_by: getattr(person, person.consent_by)}
    what = "email" if person.consent_by != "user_id" else rng.choice(("email", "sms", NEWS))
    data: dict[str, Any] = {"channel": "sms" if what == "sms" else "email"} | who
    account = stage.expected
    match what:
        case "email" if leaves:
            account.unsubscribed.add(person.email)
        case "email":
            account.unsubscribed.discard(person.email)
        case "sms":
            (account.join if leaves else account.leave)(SMS_SEGMENT, [person.user_id])
        case _:
            data["categories"] = [NEWS]
            account.subscribe(person.user_id, NEWS, joins=not leaves)
    stage.tell("contact.opted_out" if leaves else "contact.opted_in", data, key=person.user_id)
