from collections.abc import Mapping

import pytest

from handlers.routes import ROUTES
from handlers.texts import plain
from schemas.model import Model

# As the documentation promises them.
TOPICS: Mapping[str, set[str]] = {
    "users": {"user.signed_up", "user.updated", "user.deleted"},
    "orders": {"order.changed"},
    "opt-outs": {"contact.opted_out", "contact.opted_in"},
    "device-tokens": {"device_token.changed", "device_token.registered"},
    "segments": {"segment.joined", "segment.left"},
    "sites": {"site.registered", "webpush_site.registered"},
    "inbox-messages": {"inbox_message.published"},
    "activities": {"activity.recorded"},
    "messages": {"message.requested"},
}


def test_every_type_has_its_topic() -> None:
    for topic, kinds in TOPICS.items():
        assert {kind for kind, route in ROUTES.items() if route.topic == topic} >= kinds


@pytest.mark.parametrize("kind", ROUTES)
def test_every_type_says_what_it_means(kind: str) -> None:
    model = ROUTES[kind].model

    assert isinstance(model, Model)
    assert model.json_schema()["description"].endswith(".")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-12, "-12"),
        (38.5, "38.5"),
        (1e21, "1000000000000000000000"),
        (1e-7, "0.0000001"),
        ("as it came", "as it came"),
        ("", ""),
    ],
)
def test_a_scalar_goes_out_as_plain_text(value: str | float | bool, text: str) -> None:  # noqa: FBT001 - the case
    assert plain(value) == text
