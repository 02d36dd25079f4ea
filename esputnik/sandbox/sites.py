"""Mobile push tokens, and the domains for web tracking and web push."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from esputnik.sandbox.book import Book, Contact
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import (
    Asked,
    Object,
    RefusedError,
    SandboxAnswer,
    collapsed,
    items_of,
    json_answer,
    text_answer,
    text_of,
)

NO_APP = ""  # of a token whose channel named no device


@dataclass(slots=True, kw_only=True)
class Token:
    """A device of a contact."""

    app_id: str
    token: str
    contact_id: int | None = None
    is_active: bool = True


class Tokens:
    """The push tokens of an account, by app and token."""

    def __init__(self, book: Book, switches: Switches) -> None:
        self._book = book
        self._switches = switches
        self._tokens: dict[tuple[str, str], Token] = {}

    def register(self, contact: Contact, channel: Object) -> None:
        """Take note of a contact's device."""
        device = channel.get("device") or {}
        app, token = text_of(device.get("appId")) or NO_APP, str(channel["value"])
        held = self._tokens.setdefault((app, token), Token(app_id=app, token=token))
        held.contact_id = contact.id
        if isinstance(active := device.get("active"), bool):
            held.is_active = active

    def forget(self, contact: Contact) -> None:
        """Forget the devices of a contact that is erased."""
        kept = {at: one for at, one in self._tokens.items() if one.contact_id != contact.id}
        self._tokens = kept

    def set_active(self, asked: Asked) -> SandboxAnswer:
        """Switch a device on or off. Source: docs.yespo.io/reference/changetokenactivated."""
        active = asked.fields().get("active")
        if not isinstance(active, bool):
            raise RefusedError("active is required")
        held = self._find(asked)
        held.is_active = active
        return json_answer({"active": active})

    def get_active(self, asked: Asked) -> SandboxAnswer:
        """Tell whether a device is switched on."""
        return json_answer({"active": self._find(asked).is_active})

    def owner(self, asked: Asked) -> SandboxAnswer:
        """Tell whose a device is."""
        held = self._find(asked)
        if held.contact_id is None:
            raise RefusedError("Contact not found", 404)
        return json_answer({"id": held.contact_id})

    def state(self) -> list[dict[str, Any]]:
        """Return the devices."""
        shown = []
        for one in self._tokens.values():
            owner = self._book.get(one.contact_id) if one.contact_id else None
            shown.append(
                {
                    "appId": one.app_id,
                    "token": one.token,
                    "active": one.is_active,
                    "contactId": one.contact_id,
                    "externalCustomerId": owner.external_id if owner else None,
                }
            )
        return shown

    def _find(self, asked: Asked) -> Token:
        app, token = asked.parts
        held = self._tokens.get((app, token))
        if held is None and self._switches.unknown_token == "create":  # noqa: S105 - no secret
            held = self._tokens[app, token] = Token(app_id=app, token=token)
        if held is None:
            raise RefusedError("Token not found", 404)
        return held


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
            raise RefusedError("Domain is already registered")
        if host in self._switches.unreachable:
            raise RefusedError("Domain can't be reached")
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
        return json_answer({"errors": error} if error else {"success": _registered(given)})

    def add_webpush_list(self, asked: Asked) -> SandboxAnswer:
        """Register several domains for web push, by the call of before 2026."""
        given = [self._checked(one) for one in items_of(asked.fields(), "domains", 100)]
        outcomes = [(one, self._register(one)) for one in given]
        done = [_registered(one) for one, error in outcomes if not error]
        errors = [error for _, error in outcomes if error]
        return json_answer({**collapsed("success", done), **collapsed("errors", errors)})

    def webpush_domains(self, _asked: Asked) -> SandboxAnswer:
        """List the domains for web push."""
        return json_answer(list(self.webpush.values()))

    def delete_webpush(self, asked: Asked) -> SandboxAnswer:
        """Take a domain for web push away."""
        if self.webpush.pop(host_of(asked.query.get("domain")) or "", None) is None:
            raise RefusedError("Domain not found", 404)
        return SandboxAnswer()

    def _checked(self, given: Object) -> Object:
        paths = [text_of(given.get(f"serviceWorker{name}")) for name in ("Path", "Scope")]
        if host_of(given.get("domain")) is None:
            raise RefusedError("Invalid domain name")
        if not text_of(given.get("serviceWorkerName")).endswith(".js"):
            raise RefusedError("serviceWorkerName must be the name of a .js file")
        if not all(path.startswith("/") and path.endswith("/") for path in paths):
            raise RefusedError("serviceWorkerPath and serviceWorkerScope must start and end with /")
        return given

    def _register(self, given: Object) -> dict[str, str] | None:
        host = host_of(given["domain"]) or ""
        if host in self.webpush or host in self._switches.taken:
            return {"domain": given["domain"], "message": "Domain is already registered"}
        if host in self._switches.unreachable:
            return {"domain": given["domain"], "message": "Domain can't be reached"}
        self.webpush[host] = dict(given)
        return None


def host_of(domain: object) -> str | None:
    """Return the host of a bare domain or an address, in lower case; None for no domain."""
    text = text_of(domain).lower()
    try:
        host = urlsplit(text if "://" in text else f"https://{text}").hostname
    except ValueError:
        return None
    is_named = host is not None and "." in host.strip(".") and " " not in host
    return host if is_named or host == "localhost" else None


def _registered(given: Object) -> dict[str, str]:
    return {"domain": given["domain"], "status": "OK"}
