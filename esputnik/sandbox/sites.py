"""The domains of an account: one for web tracking, many for web push."""

from typing import Any
from urllib.parse import urlsplit

from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import (
    Asked,
    Object,
    RefusedError,
    SandboxAnswer,
    collapsed,
    items_of,
    json_answer,
    silent_answer,
    text_answer,
    text_of,
)

ALREADY, UNREACHABLE = "Domain is already registered", "Domain can't be reached"
MAX_DOMAINS = 100


class Sites:
    """The domains of an account: one for web tracking, many for web push."""

    def __init__(self, switches: Switches, seed: int) -> None:
        self._switches = switches
        self._site_id = f"{0x8A412DC + seed:X}"
        self.domain: str | None = None
        self.webpush: dict[str, dict[str, Any]] = {}

    def add_domain(self, asked: Asked) -> SandboxAnswer:
        """Register the one domain for web tracking: 201, and 200 ever after.

        Source: docs.yespo.io/reference/createdomain.
        """
        host = host_of(asked.fields().get("domain"))
        if host is None:
            raise RefusedError("Invalid domain name")
        if self.domain not in {None, host} or host in self._switches.taken:
            raise RefusedError(ALREADY)
        if host in self._switches.unreachable:
            raise RefusedError(UNREACHABLE)
        status = 201 if self.domain is None else 200
        self.domain = host
        return json_answer({"domain": host, "siteId": self._site_id}, status)

    def domains(self, _asked: Asked) -> SandboxAnswer:
        """List the domain for web tracking."""
        return json_answer([{"domain": self.domain}] if self.domain else [])

    def script(self, _asked: Asked) -> SandboxAnswer:
        """Return the web tracking script."""
        if self.domain is None:
            raise RefusedError("Domain not found", 404)
        return text_answer(f"<!-- web tracking of {self.domain}, site {self._site_id} -->")

    def add_webpush(self, asked: Asked) -> SandboxAnswer:
        """Register one domain for web push; a refusal comes inside a 200.

        Source: the vendor's Shopify app of 2026.
        """
        given = self._checked(asked.fields())
        error = self._register(given)
        return json_answer({"errors": error} if error else {"success": self._registered(given)})

    def add_webpush_list(self, asked: Asked) -> SandboxAnswer:
        """Register several domains for web push, by the call of before 2026."""
        given = [self._checked(one) for one in items_of(asked.fields(), "domains", MAX_DOMAINS)]
        outcomes = [(one, self._register(one)) for one in given]
        done = [self._registered(one) for one, error in outcomes if not error]
        errors = [error for _, error in outcomes if error]
        return json_answer({**collapsed("success", done), **collapsed("errors", errors)})

    def webpush_domains(self, _asked: Asked) -> SandboxAnswer:
        """List the domains for web push."""
        return json_answer(list(self.webpush.values()))

    def delete_webpush(self, asked: Asked) -> SandboxAnswer:
        """Take a domain for web push away."""
        if self.webpush.pop(host_of(asked.query.get("domain")) or "", None) is None:
            raise RefusedError("Domain not found", 404)
        return silent_answer(self._switches.silent_form)

    def _checked(self, given: Object) -> Object:
        """Return a domain for web push, which is served by HTTPS alone.

        Source: docs.yespo.io/docs/how-send-web-push-notifications-website.
        """
        path, scope = (text_of(given.get(f"serviceWorker{name}")) for name in ("Path", "Scope"))
        domain = text_of(given.get("domain")).lower()
        if host_of(domain) is None or domain.startswith("http:"):
            raise RefusedError("Invalid domain name")
        if not text_of(given.get("serviceWorkerName")).endswith(".js"):
            raise RefusedError("serviceWorkerName must be the name of a .js file")
        if not all(one.startswith("/") and one.endswith("/") for one in (path, scope)):
            raise RefusedError("serviceWorkerPath and serviceWorkerScope must start and end with /")
        if not (scope.startswith(path) or path.startswith(scope)):
            raise RefusedError("serviceWorkerPath and serviceWorkerScope must share a base path")
        return given

    def _register(self, given: Object) -> dict[str, str] | None:
        host = host_of(given["domain"]) or ""
        if host in self.webpush or host in self._switches.taken:
            return {"domain": given["domain"], "message": ALREADY}
        if host in self._switches.unreachable:
            return {"domain": given["domain"], "message": UNREACHABLE}
        self.webpush[host] = dict(given)
        return None

    def _registered(self, given: Object) -> dict[str, str]:
        return {"domain": given["domain"], "status": self._switches.webpush_status}


def host_of(domain: object) -> str | None:
    """Return the host of a bare domain or an address, in lower case; None for no domain."""
    text = text_of(domain).lower()
    try:
        host = urlsplit(text if "://" in text else f"https://{text}").hostname
    except ValueError:
        return None
    is_named = host is not None and "." in host.strip(".") and " " not in host
    return host if is_named or host == "localhost" else None
