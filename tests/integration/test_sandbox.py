"""The sandbox as a server, asked by the client that ships, over real sockets."""

import asyncio
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
import pytest

from consumer.cli.sandbox import SandboxServer
from esputnik import requests
from esputnik.actions import by_hand
from esputnik.answers import read, read_bulk, read_token
from esputnik.call import Request
from esputnik.client import Client
from esputnik.imports import Finished, read_import_status
from esputnik.outcome import Accepted, Answer, Delivered, NoAnswer
from esputnik.sandbox.switches import Switches
from tests.builders import a_call, an_item

SWITCHES = {"import_seconds": 0, "import_spread": 0}
SITE = {
    "domain": "https://shop.example.com",
    "serviceWorkerName": "sw.js",
    "serviceWorkerPath": "/",
    "serviceWorkerScope": "/",
}
PUSH = {"type": "mobilepush", "value": "t:1/2", "device": {"appId": "app"}}


@asynccontextmanager
async def serving(
    faults: Mapping[str, float] | None = None, **switches: Any
) -> AsyncIterator[tuple[SandboxServer, Client]]:
    """A sandbox, and a client with its key."""
    given = Switches(**(SWITCHES | switches))
    async with (
        SandboxServer(faults=faults, switches=given) as server,
        a_client(server) as client,
    ):
        yield server, client


def a_client(server: SandboxServer, api_key: str = "sandbox", seconds: float = 5.0) -> Client:
    return Client(
        base_url=server.base_url, login="", api_key=api_key, timeout=seconds, max_in_flight=4
    )


async def ask(client: Client, request: Request) -> Answer:
    answer = await client.exchange(request)
    assert isinstance(answer, Answer), answer
    return answer


async def control(
    server: SandboxServer, method: str, path: str, body: object = None
) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        raw = None if body is None else orjson.dumps(body)
        return await client.request(method, server.control_url + path, content=raw)


async def state(server: SandboxServer, part: str) -> Any:
    return (await control(server, "GET", f"/sandbox/state/{part}")).json()


# -- the ten actions ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "part", "holds"),
    [
        (
            requests.add_contact({"channels": [{"type": "email", "value": "bob@example.com"}]}),
            "contacts",
            "bob@example.com",
        ),
        (requests.add_domain("shop.example.com"), "domain", "shop.example.com"),
        (
            requests.add_webpush_domain(
                domain=SITE["domain"], worker_name="sw.js", worker_path="/", worker_scope="/"
            ),
            "webpush_domains",
            "https://shop.example.com",
        ),
        (requests.token_activity("app", "t:1/2", active=False), "tokens", '"active":false'),
        (
            requests.create_inbox_message({"name": "n", "title": "Hello", "text": "x"}),
            "inbox_messages",
            "Hello",
        ),
        (requests.create_token(), "summary", '"contacts":1'),
        (requests.delete_customer("u-1", erase=False), "contacts", '"deleted":true'),
    ],
)
async def test_a_call_of_its_own_is_done(request_: Request, part: str, holds: str) -> None:
    owner = {"externalCustomerId": "u-1", "channels": [PUSH]}

    async with serving() as (server, client):
        await ask(client, requests.add_contact(owner))
        answer = await ask(client, request_)
        held = await state(server, part)

    outcome = read(a_call(action=request_.action, request=request_), answer)
    assert isinstance(outcome, Delivered)
    assert holds in orjson.dumps(held).decode()


async def test_bulk_calls_are_done() -> None:
    order = {
        "externalOrderId": "o-1",
        "externalCustomerId": "u-1",
        "totalCost": 1,
        "status": "DELIVERED",
        "date": "2026-03-08T09:30:00+02:00",
        "currency": "UAH",
    }
    bulk = (
        (requests.ORDERS, order, "orders", "o-1"),
        (requests.ADD_UNSUBSCRIBED, "Ann@example.com", "unsubscribed", "ann@example.com"),
        (requests.attach_contacts(5, "externalCustomerIds"), "u-1", "segments", "5"),
    )

    async with serving() as (server, client):
        for shape, told, part, name in bulk:
            call = an_item(shape, orjson.dumps(told))
            answer = await ask(client, call.alone())
            assert read_bulk(shape, [call], answer) == [Delivered()]
            assert name in await state(server, part)


async def test_an_import_is_followed_to_its_end() -> None:
    shape = requests.bulk_contacts(dedupe_on="email", contact_fields=("email", "firstName"))
    contact = {"channels": [{"type": "email", "value": "Ann@example.com"}], "firstName": "Ann"}
    call = an_item(shape, orjson.dumps(contact))

    async with serving() as (_, client):
        taken = read_bulk(shape, [call], await ask(client, call.alone()))
        assert isinstance(taken, Accepted)
        answer = await ask(client, requests.import_status(taken.session))

    assert read_import_status(answer) == Finished(mapped=frozenset({"ann@example.com"}))


async def test_a_token_is_good_for_events_of_the_first_version() -> None:
    event = {"eventTypeKey": "seen", "params": [{"name": "email", "value": "a@b.com"}]}

    async with serving() as (server, client):
        token = read_token(await ask(client, requests.create_token()))
        async with httpx.AsyncClient() as other:
            answer = await other.post(
                f"{server.base_url}/v1/event",
                json=event,
                headers={"Authorization": f"Bearer {token}"},
            )

    assert answer.status_code == 200


async def test_paths_and_queries_arrive_as_they_were_meant() -> None:
    async with serving() as (server, client):
        await ask(client, requests.token_activity("a b", "x/y?z", active=True))
        await ask(client, requests.find_contact(email="a+b&c@example.com"))
        seen = (await control(server, "GET", "/sandbox/requests")).json()

    assert seen[0]["path"] == "/v1/contact/token/activated/a%20b/x%2Fy%3Fz"
    assert seen[1]["query"]["email"] == "a+b&c@example.com"


async def test_a_wrong_key_is_refused() -> None:
    async with serving() as (server, _), a_client(server, "wrong") as client:
        answer = await ask(client, requests.account_info())

    assert (answer.status, answer.body) == (401, b'{"status":401,"message":"Unauthorized"}')


# -- faults ---------------------------------------------------------------------------------

CONTACT = requests.add_contact({"channels": [{"type": "email", "value": "ann@example.com"}]})


@pytest.mark.parametrize(("kind", "contacts"), [("reset", 0), ("late", 1)])
async def test_a_broken_connection_may_have_done_it_or_not(kind: str, contacts: int) -> None:
    async with serving(faults={kind: 1.0}) as (server, client):
        got = await client.exchange(CONTACT)
        held = await state(server, "contacts")

    assert isinstance(got, NoAnswer)
    assert got.maybe_sent
    assert len(held) == contacts


async def test_a_connection_is_broken_by_a_reset() -> None:
    async with serving(faults={"reset": 1.0}) as (server, _):
        port = int(server.control_url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /api/v1/account/info HTTP/1.1\r\nHost: x\r\n\r\n")

        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()


async def test_a_slow_answer_comes_late() -> None:
    async with serving() as (server, client):
        await control(server, "PUT", "/sandbox/rules", [{"delay": 0.3}])
        began = time.monotonic()
        await ask(client, requests.account_info())

    assert time.monotonic() - began >= 0.3


async def test_a_slow_answer_holds_up_nobody_else() -> None:
    ended: list[str] = []

    async def look(client: Client, request: Request) -> None:
        await ask(client, request)
        ended.append(request.action)

    async with serving() as (server, client):
        await control(server, "PUT", "/sandbox/rules", [{"action": "account-info", "delay": 1}])
        slow, quick = requests.account_info(), requests.groups()
        await asyncio.gather(look(client, slow), look(client, quick))

    assert ended == [quick.action, slow.action]


# -- the account itself ---------------------------------------------------------------------


async def test_the_account_is_shown_to_a_person() -> None:
    async with serving() as (server, client):
        await ask(client, CONTACT)
        page = await control(server, "GET", "/sandbox")
        whole = await control(server, "GET", "/sandbox/state")
        missing = await control(server, "GET", "/sandbox/state/nothing")

    assert page.headers["content-type"].startswith("text/plain")
    assert "add-contact" in page.text
    assert whole.json()["summary"]["contacts"] == 1
    assert '\n  "summary": {\n' in whole.text
    assert missing.status_code == 404


async def test_the_account_is_changed_while_it_runs() -> None:
    async with serving() as (server, client):
        for method, name, body in (
            ("PUT", "switches", {"retry_after": 5}),
            ("PUT", "faults", {"429": 1.0}),
            ("PUT", "rules", [{"action": "account-info", "status": 503, "times": 1}]),
            ("PUT", "segments", [{"id": 7, "name": "VIP"}]),
            ("POST", "activity", [{"activityStatus": "UNSUBSCRIBED", "email": "a@b.com"}]),
        ):
            assert (await control(server, method, f"/sandbox/{name}", body)).json() == {
                "done": name
            }
        ruled = await ask(client, requests.account_info())
        throttled = await ask(client, requests.account_info())
        told = (await control(server, "GET", "/sandbox/faults")).json()
        switches = (await control(server, "GET", "/sandbox/switches")).json()
        unsubscribed = await state(server, "unsubscribed")

    assert (ruled.status, throttled.status) == (503, 429)
    assert throttled.headers["retry-after"] == "5"
    assert told["faults"] == {"429": 1.0}
    assert (switches["retry_after"], unsubscribed) == (5, ["a@b.com"])
    assert "api_key" not in switches


async def test_the_key_is_changed_and_the_account_reset() -> None:
    async with serving() as (server, client):
        await ask(client, CONTACT)
        await control(server, "PUT", "/sandbox/key", {"key": "new"})
        await control(server, "POST", "/sandbox/reset")

        refused = await ask(client, requests.account_info())
        client.set_api_key("new")
        taken = await ask(client, requests.account_info())
        assert await state(server, "contacts") == []

    assert (refused.status, taken.status) == (401, 200)


async def test_what_cannot_be_told_is_said_in_words() -> None:
    nothing = (404, "not found; GET /sandbox lists what exists")
    objects = (400, "the body must be a list of objects")
    key = (400, 'the body must be {"key": "..."}')
    told: tuple[tuple[str, str, Any, tuple[int, str]], ...] = (
        ("GET", "nothing", None, nothing),
        ("POST", "switches", {}, nothing),
        ("PUT", "switches", {"retry_aftr": 1}, (400, "retry_aftr: is not known; did you mean")),
        ("PUT", "key", {"key": ""}, key),
        ("PUT", "key", [], key),
        ("PUT", "rules", {}, objects),
        ("PUT", "segments", [1], objects),
        ("POST", "activity", None, objects),
        ("PUT", "faults", None, (400, "the faults are an object of probabilities")),
        ("GET", "requests?limit=1", None, (400, "limit: write action, status or last")),
    )

    async with serving() as (server, _):
        for method, name, body, (status, error) in told:
            answer = await control(server, method, f"/sandbox/{name}", body)
            assert answer.status_code == status
            assert answer.json()["error"].startswith(error)


async def test_broken_json_is_said_in_words() -> None:
    async with serving() as (server, _), httpx.AsyncClient() as client:
        answer = await client.put(f"{server.control_url}/sandbox/rules", content=b"[")

    assert answer.status_code == 400


async def test_a_path_beside_the_api_is_not_found() -> None:
    async with serving() as (server, _), httpx.AsyncClient(auth=("", "sandbox")) as client:
        beside = await client.get(f"{server.control_url}/v1/account/info")
        outside = await client.get(server.base_url)

    assert (beside.status_code, outside.status_code) == (404, 404)


# -- the command ----------------------------------------------------------------------------


async def start(*options: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "consumer", "sandbox", *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_command_says_where_it_listens_and_ends_when_asked_to(number: int) -> None:
    process = await start("--port", "0", "--switch", "ids_as_strings=true", "--fault", "500=0")
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    address = line.removeprefix("listening on ").strip()

    async with Client(
        base_url=address, login="", api_key="sandbox", timeout=5, max_in_flight=1
    ) as client:
        answer = await ask(client, CONTACT)
        process.send_signal(number)
        out, err = await process.communicate()

    assert line.startswith("listening on http://127.0.0.1:")
    assert address.endswith("/api")
    assert isinstance(orjson.loads(answer.body)["id"], str)
    assert (process.returncode, out, err) == (0, b"", b"")


async def test_a_port_in_use_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = await start("--port", str(port))
        out, err = await process.communicate()

    assert (process.returncode, out) == (78, b"")
    assert f"--port {port}: is in use; use another, or 0 for a free one" in err.decode()
    assert "Traceback" not in err.decode()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--switch", "retry_aftr=1"), "retry_aftr: is not known; did you mean retry_after?"),
        (("--fault", "501=0.1"), "501"),
    ],
)
async def test_an_option_that_is_none_is_a_mistake_of_usage(
    options: tuple[str, ...], message: str
) -> None:
    process = await start(*options)
    out, err = await process.communicate()

    assert (process.returncode, out) == (2, b"")
    assert message in " ".join(err.decode().split())


async def test_a_call_by_hand_reaches_the_sandbox() -> None:
    request = by_hand("add-webpush-domain", {"body": SITE})

    async with serving() as (server, client):
        answer = await ask(client, request)
        assert await state(server, "webpush_domains") == [SITE]

    assert isinstance(read(a_call(action=request.action, request=request), answer), Delivered)
