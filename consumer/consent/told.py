"""What calls tell of e-mails, as they are spelled in what is sent. Pure."""

import orjson

from esputnik.call import Action, Call


def is_opt_out_by_list(call: Call) -> bool:
    """Tell whether a call puts an address on the list of unsubscribed ones."""
    return call.action is Action.ADD_UNSUBSCRIBED


def is_opt_in_by_list(call: Call) -> bool:
    """Tell whether a call takes an address off that list."""
    return call.action is Action.REMOVE_UNSUBSCRIBED


def address(by_list: Call) -> str:
    """Return the address that a call by the list tells, its look-ups done."""
    return str(orjson.loads(by_list.item))


def email_of(upsert: Call) -> str:
    """Return the e-mail that a contact gets."""
    channels = orjson.loads(upsert.item)["channels"]
    return next(str(one["value"]) for one in channels if one["type"] == "email")
