"""What devices, segments, sites and messages do, and how often anything happens. Pure."""

from collections.abc import Callable
from typing import Any

from demo import scenes
from demo.stage import Stage

SHOP = "shop.example.com"
APPS = ("83b77a49-fc28-409b-aeaa-68c9d544ab9d", "0d9ad8a5-53b4-4a52-9d1a-9d3f0c6d9e11")
TRANSLATIONS = {
    "uk": {"title": "Знижка десять відсотків", "text": "Тільки цього тижня"},
    "de": {"title": "Zehn Prozent Rabatt", "text": "Nur diese Woche"},
}


def token_registered(stage: Stage) -> None:
    """A device of somebody's appears."""
    person, token = (
        stage.somebody(),
        f"tok-{stage.number('token'):05d}:{stage.rng.getrandbits(64):x}",
    )
    data = {"app_id": stage.rng.choice(APPS), "token": token, "user_id": person.user_id}
    data |= {"os": "Android", "locale": "uk-UA", "app_version": "4.2.0"}
    stage.expected.register_token(person.user_id, token)
    stage.devices.append((person.user_id, data["app_id"], token))
    stage.tell("device_token.registered", data, key=person.user_id)


def token_changed(stage: Stage) -> None:
    """Pushes are switched off or on for a device."""
    if not stage.devices:
        return token_registered(stage)
    user_id, app_id, token = stage.rng.choice(stage.devices)
    active = stage.rng.random() < 1 / 2
    stage.expected.tokens[token] = active
    data = {"app_id": app_id, "token": token, "active": active}
    return stage.tell("device_token.changed", data, key=user_id)


def segment_changed(stage: Stage) -> None:
    """Some people join or leave a segment."""
    rng = stage.rng
    segment = rng.randrange(1, 21)
    members = [person.user_id for person in rng.sample(stage.staying, k=rng.randrange(1, 9))]
    joins = rng.random() < 2 / 3
    (stage.expected.join if joins else stage.expected.leave)(segment, members)
    data = {"segment_id": segment, "user_ids": members}
    stage.tell("segment.joined" if joins else "segment.left", data, key=str(segment))


def site_registered(stage: Stage) -> None:
    """The shop's site is registered; again and again, which must change nothing."""
    stage.expected.domains.add(SHOP)
    stage.tell("site.registered", {"domain": SHOP}, key=SHOP)


def webpush_registered(stage: Stage) -> None:
    """A site that may send web pushes is registered."""
    domain = f"https://push{stage.number('webpush')}.example.com"
    stage.expected.webpush_domains.add(domain)
    data = {
        "domain": domain,
        "service_worker_name": "service-worker.js",
        "service_worker_path": "/push/",
        "service_worker_scope": "/push/",
    }
    stage.tell("webpush_site.registered", data, key=domain)


def inbox_published(stage: Stage) -> None:
    """A message for the app's inbox is made, with translations."""
    name = f"Autumn offer {stage.number('inbox')}"
    translations = dict(list(TRANSLATIONS.items())[: stage.rng.randrange(3)])
    data: dict[str, Any] = {
        "name": name,
        "title": "Ten percent off",
        "text": "Only this week",
        "language": "en",
        "ttl": 86_400,
        "custom_data": {"deeplink": "shop://sale"},
    }
    if translations:
        data["translations"] = translations
    stage.expected.inbox[name] = frozenset(translations)
    stage.tell("inbox_message.published", data, key=name)


def activity_recorded(stage: Stage) -> None:
    """Somebody does something that may start a workflow."""
    person, rng = stage.somebody(), stage.rng
    name = rng.choice(("product_viewed", "cart_abandoned", "wish_added"))
    known_by = rng.choices(("user_id", "email", "phone"), weights=(7, 2, 1))[0]
    data = {"name": name, known_by: getattr(person, known_by)}
    data["params"] = {"product": f"sku-{rng.randrange(500)}", "price": "19.90"}
    stage.expected.events[name] += 1
    stage.tell("activity.recorded", data, key=person.user_id)


def message_requested(stage: Stage) -> None:
    """A prepared message is to be sent to somebody."""
    person, message = stage.somebody(), stage.rng.choice((555_001, 555_002))
    data: dict[str, Any] = {"message_id": message, "params": {"code": stage.number("code")}}
    if stage.rng.random() < 1 / 2:
        data |= {"user_id": person.user_id, "channel": "email"}
        stage.expected.sends[message, person.user_id] += 1
    else:
        data["email"] = person.email
        stage.expected.sends[message, person.email] += 1
    stage.tell("message.requested", data, key=person.user_id)


Scene = Callable[[Stage], None]
# How often each happens, once people have signed up.
SCENES: dict[Scene, int] = {
    scenes.updated: 240,
    scenes.ordered: 420,
    activity_recorded: 120,
    scenes.consented: 90,
    token_registered: 40,
    token_changed: 30,
    segment_changed: 30,
    message_requested: 25,
    scenes.deleted: 12,
    inbox_published: 4,
    site_registered: 2,
    webpush_registered: 2,
}
