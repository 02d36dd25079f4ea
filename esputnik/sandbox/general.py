"""The account itself: whose it is, tokens for others, additional fields."""

from typing import Any

from esputnik.sandbox.guard import Guard
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import Asked, SandboxAnswer, collapsed, json_answer, text_answer


class General:
    """Answers about the account."""

    def __init__(self, guard: Guard, switches: Switches) -> None:
        self._guard = guard
        self._switches = switches

    def info(self, _asked: Asked) -> SandboxAnswer:
        """Tell whose account it is. Source: docs.yespo.io/reference/getaccountinfo."""
        told = {"userEmail": "api@example.com", "organisationName": "Sandbox", "orgId": 1}
        return json_answer(told)

    def token(self, _asked: Asked) -> SandboxAnswer:
        """Make a token. Source: docs.yespo.io/reference/generateapikey-1."""
        token, form = self._guard.new_token(), self._switches.token_form
        if form == "bare":
            return text_answer(token)
        return json_answer(token if form == "quoted" else {"token": token})

    def address_books(self, _asked: Asked) -> SandboxAnswer:
        """List the additional fields, with booleans as texts and lists of one as objects."""
        fields = [_field(number) for number in range(1, self._switches.custom_fields + 1)]
        group = {"name": "Fields", **collapsed("fields", fields)}
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
