"""The account itself: who we are, what it holds, tokens for others."""

from esputnik.call import Action, Request


def account_info() -> Request:
    """Ask whose account this is: the cheapest way to see that the key is good.

    Source: docs.yespo.io/reference/getaccountinfo.
    """
    return Request(action=Action.ACCOUNT_INFO, method="GET", path="/v1/account/info")


def create_token() -> Request:
    """Create API Token: a Bearer token for the event calls. No body, no parameters.

    Source: docs.yespo.io/reference/generateapikey-1.
    """
    return Request(action=Action.CREATE_TOKEN, method="POST", path="/v1/auth/token")


def address_books() -> Request:
    """List the additional fields. Source: docs.yespo.io/reference/getaddressbooks-1."""
    return Request(action=Action.LIST_FIELDS, method="GET", path="/v1/addressbooks")


def groups() -> Request:
    """List the segments, the first 500. Source: docs.yespo.io/reference/searchgroups."""
    query = (("startindex", "1"), ("maxrows", "500"))
    return Request(action=Action.LIST_SEGMENTS, method="GET", path="/v1/groups", query=query)
