"""The table of routes: every event type, its model, its handler, and its default topic."""

from collections.abc import Mapping

from handlers import (
    consents,
    contacts,
    devices,
    inbox,
    messages,
    orders,
    segments,
    sites,
)
from handlers.route import Route

ROUTES: Mapping[str, Route] = {
    **contacts.ROUTES,
    **orders.ROUTES,
    **consents.ROUTES,
    **devices.ROUTES,
    **segments.ROUTES,
    **sites.ROUTES,
    **inbox.ROUTES,
    **messages.ROUTES,
}
