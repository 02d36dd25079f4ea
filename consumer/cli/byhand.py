"""One call by hand, through the same client as `run`."""

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from consumer.build import client
from consumer.errors import NO_INPUT, CredentialsError, UsageError, WorkFailedError
from consumer.settings.model import Loaded
from esputnik import requests
from esputnik.actions import InputError, by_hand
from esputnik.answers import read, read_token
from esputnik.bodies import object_in, one_or_many
from esputnik.call import Action, Call, Repeat, Request
from esputnik.outcome import Answer, Blocked, Deferred, Delivered, NoAnswer, Outcome, Scope

REFUSED = 400  # the least status of a refusal


async def run_call(loaded: Loaded, action: str, source: str) -> int:
    """Make one call and print its answer as JSON; 0 done, 1 refused."""
    try:
        request = by_hand(action, read_input(source))
    except InputError as fault:
        raise UsageError(str(fault)) from None
    answer = await _exchange(loaded, request)
    print(shown(answer).decode())  # noqa: T201 - the result
    try:
        _check(request.action, answer)
    except CredentialsError as refusal:  # a call was asked for: that it is refused is its result
        raise WorkFailedError(str(refusal)) from None
    return 0


async def run_token_create(loaded: Loaded) -> int:
    """Create an API token and print it bare."""
    answer = await _exchange(loaded, requests.create_token())
    _check(Action.CREATE_TOKEN, answer)
    print(read_token(answer))  # noqa: T201 - the result
    return 0


def read_input(source: str) -> dict[str, Any]:
    """Return the JSON object of a file, or of standard input for `-`; decimals stay exact.

    Raises:
        InputError: It is none.
    """
    if source == "-" and sys.stdin is None:  # whoever started us closed it
        raise InputError(NO_INPUT)
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text("utf-8")
        found = json.loads(text, parse_float=Decimal)
    except OSError as trouble:
        raise InputError(f"{source}: {trouble.strerror or 'cannot be read'}") from None
    except ValueError:
        raise InputError(
            f"{source}: is not valid JSON; write an object with path, query, body"
        ) from None
    if not isinstance(found, dict):
        raise InputError(f"{source}: is not a JSON object; write an object with path, query, body")
    return found


def shown(answer: Answer) -> bytes:
    """Return an answer's body as JSON: as it came, or its text as a JSON string."""
    try:
        orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return orjson.dumps(answer.body.decode(errors="replace"))
    return answer.body


async def _exchange(loaded: Loaded, request: Request) -> Answer:
    async with client(loaded) as way_out:
        answer = await way_out.exchange(request)
    if isinstance(answer, NoAnswer):
        raise WorkFailedError(
            f"{loaded.settings.esputnik.base_url} does not answer ({answer.cause}); check the "
            "network and ESPUTNIK_SYNC_ESPUTNIK__BASE_URL"
        )
    return answer


def _check(action: Action, answer: Answer) -> None:
    """Raise for an answer that is no success."""
    call = Call(action=action, intent="by.hand", repeat=Repeat.SAFE, lanes=())
    outcome: Outcome = read(call, answer)
    match outcome:
        case Delivered() if answer.status >= REFUSED:
            # For an event this is as good as done, such as the deletion of somebody unknown.
            raise WorkFailedError(f"eSputnik refused the call: {answer.status}")
        case Delivered():
            _check_items(answer)
        case Blocked(scope=Scope.ACCOUNT):
            raise CredentialsError(
                "eSputnik refuses the API key (401); check ESPUTNIK_SYNC_ESPUTNIK__API_KEY"
            )
        case Deferred() if answer.status < REFUSED:
            raise WorkFailedError(
                f"eSputnik answered {answer.status} with a body that is not understood"
            )
        case Deferred(cause=cause) | Blocked(cause=cause):
            why = cause if cause.startswith(str(answer.status)) else f"{answer.status} ({cause})"
            raise WorkFailedError(f"eSputnik did not execute the call: {why}")
        case _:
            raise WorkFailedError(f"eSputnik refused the call: {outcome.detail or outcome.reason}")


def _check_items(answer: Answer) -> None:
    """Raise where items were refused inside a success."""
    found = object_in(answer) or {}
    for name in ("failedContacts", "failedOrders"):
        if failures := one_or_many(found.get(name)):
            raise WorkFailedError(f"eSputnik refused {len(failures)} of the items; see {name}")
