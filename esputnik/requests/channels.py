"""Devices and sites: mobile push tokens, web tracking and web push domains."""

from esputnik.call import Action, Request
from esputnik.json_text import json_text, segment


def token_activity(app_id: str, token: str, *, active: bool) -> Request:
    """Change Mobile Push Token Activity. Source: docs.yespo.io/reference/changetokenactivated."""
    return Request(
        action=Action.TOKEN_ACTIVITY,
        method="PUT",
        path=f"/v1/contact/token/activated/{segment(app_id)}/{segment(token)}",
        body=json_text({"active": active}),
    )


def add_domain(domain: str) -> Request:
    """Add Domain: 201 registered, 200 registered before; one domain an organisation.

    Source: docs.yespo.io/reference/createdomain.
    """
    return Request(
        action=Action.ADD_DOMAIN,
        method="POST",
        path="/v1/site/domains",
        body=json_text({"domain": domain}),
    )


def add_webpush_domain(
    *, domain: str, worker_name: str, worker_path: str, worker_scope: str
) -> Request:
    """Add Web Push Domain; an error may come inside a 200.

    Source: the vendor's Shopify and OpenCart apps of 2026, which replaced the plural path.
    """
    body = {
        "domain": domain,
        "serviceWorkerName": worker_name,
        "serviceWorkerPath": worker_path,
        "serviceWorkerScope": worker_scope,
    }
    return Request(
        action=Action.ADD_WEBPUSH_DOMAIN,
        method="POST",
        path="/v1/site/webpush/domain",
        body=json_text(body),
    )


def list_webpush_domains() -> Request:
    """List the account's web push domains. Source: docs.yespo.io/reference/getwebpushdomains."""
    return Request(
        action=Action.LIST_WEBPUSH_DOMAINS, method="GET", path="/v1/site/webpush/domains"
    )
