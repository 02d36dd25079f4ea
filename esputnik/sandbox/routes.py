"""Which request is which call of the API: method and path to the action's name."""

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

_NUMBER, _TEXT = r"([0-9]{1,18})", r"([^/]+)"

# In the order of esputnik.com's reference. `{id}` is a number, `{…}` any text.
_PATHS = (
    ("add-contact", "POST", "/v1/contact"),
    ("update-contact", "PUT", "/v1/contact/{id}"),
    ("get-contact", "GET", "/v1/contact/{id}"),
    ("delete-contact", "DELETE", "/v1/contact/{id}"),
    ("delete-contact", "DELETE", "/v1/contact"),
    ("subscribe-contact", "POST", "/v1/contact/subscribe"),
    ("find-contact", "GET", "/v1/contacts"),
    ("bulk-contacts", "POST", "/v1/contacts"),
    ("import-status", "GET", "/v1/importstatus/{session}"),
    ("add-unsubscribed", "POST", "/v1/emails/unsubscribed/add"),
    ("remove-unsubscribed", "POST", "/v1/emails/unsubscribed/delete"),
    ("list-segments", "GET", "/v1/groups"),
    ("list-members", "GET", "/v1/group/{id}/contacts"),
    ("attach-contacts", "POST", "/v1/group/{id}/contacts/attach"),
    ("detach-contacts", "POST", "/v1/group/{id}/contacts/detach"),
    ("list-subscriptions", "GET", "/v1/subscriptions"),
    ("get-subscriptions", "GET", "/v1/contact/{id}/subscriptions"),
    ("set-subscriptions", "PUT", "/v1/contact/{id}/subscriptions"),
    ("contact-activity", "GET", "/v2/contacts/activity"),
    ("add-orders", "POST", "/v1/orders"),
    ("delete-orders", "DELETE", "/v1/orders"),
    ("token-activity", "PUT", "/v1/contact/token/activated/{app}/{token}"),
    ("get-token-activity", "GET", "/v1/contact/token/activated/{app}/{token}"),
    ("token-owner", "GET", "/v1/contact/token/{app}/{token}/contactId"),
    ("add-domain", "POST", "/v1/site/domains"),
    ("list-domains", "GET", "/v1/site/domains"),
    ("site-script", "GET", "/v1/site/script"),
    ("add-webpush-domain", "POST", "/v1/site/webpush/domain"),
    ("add-webpush-domains", "POST", "/v1/site/webpush/domains"),
    ("list-webpush-domains", "GET", "/v1/site/webpush/domains"),
    ("delete-webpush-domain", "DELETE", "/v1/site/webpush/domains"),
    ("create-inbox-message", "POST", "/v1/messages/appinbox"),
    ("list-inbox-messages", "GET", "/v1/messages/appinbox"),
    ("get-inbox-message", "GET", "/v1/messages/appinbox/{id}"),
    ("update-inbox-message", "PUT", "/v1/messages/appinbox/{id}"),
    ("delete-inbox-message", "DELETE", "/v1/messages/appinbox/{id}"),
    ("translate-inbox-message", "PUT", "/v1/messages/appinbox/{id}/{language}"),
    ("untranslate-inbox-message", "DELETE", "/v1/messages/appinbox/{id}/{language}"),
    ("send-message", "POST", "/v1/message/{id}/smartsend"),
    ("generate-event-v1", "POST", "/v1/event"),
    ("generate-event", "POST", "/v2/event"),
    ("past-events-v1", "POST", "/v1/past_events"),
    ("past-events", "POST", "/v2/past_events"),
    ("account-info", "GET", "/v1/account/info"),
    ("create-token", "POST", "/v1/auth/token"),
    ("list-fields", "GET", "/v1/addressbooks"),
)


class Way(NamedTuple):
    """The action a request asks for, and the parts of its path that vary, decoded."""

    action: str
    parts: tuple[str, ...]


def _pattern(path: str) -> re.Pattern[str]:
    numbered = re.escape(path).replace(r"\{id\}", _NUMBER)
    return re.compile(re.sub(r"\\\{\w+\\\}", lambda _: _TEXT, numbered))


_FIXED = {(path, method): Way(action, ()) for action, method, path in _PATHS if "{" not in path}
_VARYING = tuple((action, method, _pattern(path)) for action, method, path in _PATHS if "{" in path)


def way_of(method: str, path: str) -> Way | None:
    """Return what a request asks for; None for a path, or a method of it, that nobody knows."""
    return _FIXED.get((path, method)) or next(_ways(method, path), None)


def is_path(path: str) -> bool:
    """Tell whether there is a call with this path, by whatever method."""
    is_fixed = any(known == path for known, _ in _FIXED)
    return is_fixed or any(pattern.fullmatch(path) for _, _, pattern in _VARYING)


def actions() -> tuple[str, ...]:
    """Return the names of all calls."""
    return tuple(dict.fromkeys(action for action, _, _ in _PATHS))


def _ways(method: str, path: str) -> Iterator[Way]:
    for action, known, pattern in _VARYING:
        if known == method and (found := pattern.fullmatch(path)):
            yield Way(action, tuple(unquote(part) for part in found.groups()))
