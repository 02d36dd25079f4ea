"""What an account is made of, and which of it answers which call."""

from collections.abc import Callable, Mapping
from typing import Any

from esputnik.sandbox.activity import Activity
from esputnik.sandbox.book import Book
from esputnik.sandbox.consents import Consents
from esputnik.sandbox.contacts import Contacts
from esputnik.sandbox.events import Events
from esputnik.sandbox.general import General
from esputnik.sandbox.guard import Guard
from esputnik.sandbox.imports import Imports
from esputnik.sandbox.inbox import Inbox
from esputnik.sandbox.merging import Merger
from esputnik.sandbox.messages import Messages
from esputnik.sandbox.orders import Orders
from esputnik.sandbox.segments import Segments
from esputnik.sandbox.sites import Sites
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.tokens import Tokens
from esputnik.sandbox.wire import Asked, SandboxAnswer
from esputnik.sandbox.writer import Writer

Handle = Callable[[Asked], SandboxAnswer]


class Parts:
    """An empty account: all its parts, and `handles`, the one that answers each call."""

    def __init__(self, switches: Switches, seed: int) -> None:
        self.guard = Guard(switches, seed)
        self.book = Book(switches)
        self.segments = Segments(self.book, switches)
        self.activity = Activity(self.book)
        self.tokens = Tokens(self.book, switches)
        writer = Writer(self.book, self.tokens, switches)
        self.contacts = Contacts(self.book, self.segments, writer, switches)
        self.events = Events(self.book, switches)
        self.consents = Consents(
            book=self.book,
            contacts=self.contacts,
            writer=writer,
            segments=self.segments,
            events=self.events,
            switches=switches,
        )
        merger = Merger(self.book, writer, self.segments, switches, self.events.raised)
        self.imports = Imports(self.book, self.segments, merger, switches, seed)
        self.orders = Orders(self.book, writer, switches, self.events.raised)
        self.sites = Sites(switches, seed)
        self.inbox = Inbox(switches)
        self.messages = Messages(self.book, writer, self.inbox.held, switches, seed)
        self.general = General(self.guard, switches)
        self.handles: Mapping[str, Handle] = self._of_contacts() | self._of_the_rest()

    def state(self) -> dict[str, Any]:
        """Return what the account holds."""
        return {
            "contacts": self.contacts.state(),
            "orders": self.orders.held,
            "events_raised": dict(self.events.counts),
            "unsubscribed": sorted(self.book.unsubscribed),
            "segments": self.segments.state(),
            "tokens": self.tokens.state(),
            "domain": self.sites.domain,
            "webpush_domains": list(self.sites.webpush.values()),
            "inbox_messages": list(self.inbox.held.values()),
            "sent": self.messages.sent,
            "events": self.events.sent,
            "past_events": self.events.past,
            "imports": self.imports.state(),
        }

    def _of_contacts(self) -> dict[str, Handle]:
        return {
            "add-contact": self.contacts.add,
            "update-contact": self.contacts.update,
            "get-contact": self.contacts.get,
            "delete-contact": self.contacts.delete,
            "find-contact": self.contacts.search,
            "subscribe-contact": self.consents.subscribe,
            "bulk-contacts": self.imports.start,
            "import-status": self.imports.status,
            "add-unsubscribed": self.consents.add_unsubscribed,
            "remove-unsubscribed": self.consents.remove_unsubscribed,
            "list-subscriptions": self.consents.categories,
            "get-subscriptions": self.consents.get_subscriptions,
            "set-subscriptions": self.consents.set_subscriptions,
            "contact-activity": self.activity.feed,
            "list-segments": self.segments.listed,
            "list-members": self.segments.members,
            "attach-contacts": self.segments.attach,
            "detach-contacts": self.segments.detach,
            "token-activity": self.tokens.set_active,
            "get-token-activity": self.tokens.get_active,
            "token-owner": self.tokens.owner,
        }

    def _of_the_rest(self) -> dict[str, Handle]:
        return {
            "add-orders": self.orders.add,
            "delete-orders": self.orders.delete,
            "add-domain": self.sites.add_domain,
            "list-domains": self.sites.domains,
            "site-script": self.sites.script,
            "add-webpush-domain": self.sites.add_webpush,
            "add-webpush-domains": self.sites.add_webpush_list,
            "list-webpush-domains": self.sites.webpush_domains,
            "delete-webpush-domain": self.sites.delete_webpush,
            "create-inbox-message": self.inbox.create,
            "list-inbox-messages": self.inbox.listed,
            "get-inbox-message": self.inbox.get,
            "update-inbox-message": self.inbox.update,
            "delete-inbox-message": self.inbox.delete,
            "translate-inbox-message": self.inbox.translate,
            "untranslate-inbox-message": self.inbox.untranslate,
            "send-message": self.messages.send,
            "generate-event-v1": self.events.generate_v1,
            "generate-event": self.events.generate,
            "past-events-v1": self.events.add_past_v1,
            "past-events": self.events.add_past,
            "account-info": self.general.info,
            "create-token": self.general.token,
            "list-fields": self.general.address_books,
        }
