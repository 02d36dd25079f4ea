"""Sites of the account. Pure. Source: docs.yespo.io/reference/createdomain."""

from collections.abc import Mapping
from typing import Any

from esputnik.sandbox.wire import RefusedError, Told, as_json, text_of


class Sites:
    """One domain for web tracking, any number for web push. Plain state, one owner."""

    def __init__(self) -> None:
        self.domains: list[str] = []
        self.webpush: list[dict[str, Any]] = []

    def add(self, body: Mapping[str, Any]) -> Told:
        """Register a site: 201 new, 200 known, refused where another one is registered."""
        domain = text_of(body, "domain")
        if "." not in domain:
            raise RefusedError(400, "Domain can't be reached")
        if self.domains and domain not in self.domains:
            raise RefusedError(400, "Domain is already registered")
        answer = {"domain": domain, "siteId": "8A412DC"}
        if domain in self.domains:
            return as_json(answer)
        self.domains.append(domain)
        return as_json(answer, 201)

    def add_webpush(self, body: Mapping[str, Any]) -> Told:
        """Register a site for web push; a refusal stands inside the 200."""
        names = ("domain", "serviceWorkerName", "serviceWorkerPath", "serviceWorkerScope")
        site = {name: text_of(body, name) for name in names}
        domain = site["domain"]
        if any(one["domain"] == domain for one in self.webpush):
            error = {"domain": domain, "message": "Domain is already registered"}
            return as_json({"errors": error})
        if "." not in domain:
            return as_json({"errors": {"domain": domain, "message": "Domain can't be reached"}})
        self.webpush.append(site)
        return as_json({"success": {"domain": domain, "status": "OK"}})
