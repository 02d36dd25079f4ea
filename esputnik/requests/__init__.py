"""One constructor a call, each with its limit and the source of its form.

Names are spelled as eSputnik spells them. A constructor raises ValueError for what must never be
sent: an empty list of ids, an import that does not name its fields, a path that is none.
"""

from esputnik.requests.account import account_info, address_books, create_token, groups
from esputnik.requests.channels import (
    add_domain,
    add_webpush_domain,
    list_webpush_domains,
    token_activity,
)
from esputnik.requests.consents import (
    ADD_UNSUBSCRIBED,
    REMOVE_UNSUBSCRIBED,
    Members,
    attach_contacts,
    contact_activity,
    detach_contacts,
    get_subscriptions,
    set_subscriptions,
)
from esputnik.requests.contacts import (
    add_contact,
    bulk_contacts,
    delete_contact,
    delete_customer,
    find_contact,
    import_status,
)
from esputnik.requests.messages import (
    MAX_EVENT_BYTES,
    create_inbox_message,
    generate_event,
    past_event,
    send_message,
    translate_inbox_message,
)
from esputnik.requests.orders import ORDERS

__all__ = [
    "ADD_UNSUBSCRIBED",
    "MAX_EVENT_BYTES",
    "ORDERS",
    "REMOVE_UNSUBSCRIBED",
    "Members",
    "account_info",
    "add_contact",
    "add_domain",
    "add_webpush_domain",
    "address_books",
    "attach_contacts",
    "bulk_contacts",
    "contact_activity",
    "create_inbox_message",
    "create_token",
    "delete_contact",
    "delete_customer",
    "detach_contacts",
    "find_contact",
    "generate_event",
    "get_subscriptions",
    "groups",
    "import_status",
    "list_webpush_domains",
    "past_event",
    "send_message",
    "set_subscriptions",
    "token_activity",
    "translate_inbox_message",
]
