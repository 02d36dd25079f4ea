"""The account itself: whose it is, tokens for others, additional fields."""

import random
from typing import Any

from esputnik.sandbox.contacts import Contacts
from esputnik.sandbox.wire import Asked, SandboxAnswer, json_answer


class General:
    """Answers about the account."""

    def __init__(self, contacts: Contacts, seed: int) -> None:
        self._contacts = contacts
        self._rng = random.Random(f"tokens {seed}")  # noqa: S311 - chance, not secrecy

    def info(self, _asked: Asked) -> SandboxAnswer:
        """Tell whose account it is. Source: docs.yespo.io/reference/getaccountinfo."""
        told = {"userEmail": "api@example.com", "organisationName": "Sandbox", "orgId": 1}
        return json_answer(told)

    def token(self, _asked: Asked) -> SandboxAnswer:
        """Make a token, a JSON text. Source: docs.yespo.io/reference/generateapikey-1."""
        return json_answer(f"{self._rng.getrandbits(128):032x}")

    def address_books(self, _asked: Asked) -> SandboxAnswer:
        """List the additional fields, with booleans as texts and the one book as an object."""
        group = {"name": "Fields", "fields": [_field(one) for one in sorted(self._contacts.fields)]}
        book = {"addressBookId": 1, "name": "Main", "fieldGroups": group}
        return json_answer({"addressBook": book})


def _field(number: int) -> dict[str, Any]:
    description = {"type": "TEXTAREA", "required": "false", "readonly": "false"}
    return {
        "id": str(number),
        "name": f"Field {number}",
        "fieldKey": f"FIELD_{number}",
        "description": description,
    }
