"""One call by hand, over a real socket."""

import asyncio
import base64
import io
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from consumer.cli.byhand import run_call, run_token_create
from consumer.errors import CredentialsError, SyncError, UsageError, WorkFailedError
from consumer.settings.model import Loaded
from consumer.settings.sources import load


@dataclass
class Api:
    """Answers every request alike and keeps what was asked."""

    body: bytes = b"{}"
    status: str = "200 OK"
    url: str = ""
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        pairs = (line.partition(": ") for line in head[1:])
        headers = {name.lower(): value for name, _, value in pairs}
        length = int(headers.get("content-length", "0"))
        self.asked.append((head[0], headers, await reader.readexactly(length)))
        writer.write(
            f"HTTP/1.1 {self.status}\r\nContent-Length: {len(self.body)}\r\n"
            "Connection: close\r\n\r\n".encode()
            + self.body
        )
        await writer.drain()
        writer.close()


@asynccontextmanager
async def serving(body: bytes = b"{}", status: str = "200 OK") -> AsyncIterator[Api]:
    api = Api(body=body, status=status)
    server = await asyncio.start_server(api.serve, "127.0.0.1", 0)
    api.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api"
    try:
        yield api
    finally:
        server.close()


def settings(url: str) -> Loaded:
    return load(
        config=None,
        overrides=(f"esputnik.base_url={url}", "esputnik.api_key=secret", "esputnik.timeout=5"),
        environ={},
        needs_api_key=True,
    )


def a_file(tmp_path: Path, text: str | bytes) -> str:
    path = tmp_path / "input.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


async def test_a_call_goes_out_as_given_and_its_answer_is_printed_as_it_came(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = a_file(tmp_path, '{"body":{"orders":[{"totalCost":12345678901234567.10}]}}')
    async with serving(b'{"id": 1.10}') as api:
        code = await run_call(settings(api.url), "add-orders", source)

    line, headers, body = api.asked[0]
    assert (code, capsys.readouterr().out) == (0, '{"id": 1.10}\n')
    assert line == "POST /api/v1/orders HTTP/1.1"
    assert body == b'{"orders":[{"totalCost":12345678901234567.10}]}'
    assert headers["authorization"] == "Basic " + base64.b64encode(b"api:secret").decode()


async def test_input_comes_from_standard_input_as_well(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO('{"query":{"email":"a+b@example.com"}}'))
    async with serving(b"[]") as api:
        assert await run_call(settings(api.url), "find-contact", "-") == 0

    method, target, _ = api.asked[0][0].split()
    asked = urlsplit(target)
    assert (method, asked.path) == ("GET", "/api/v1/contacts")
    assert parse_qs(asked.query) == {"email": ["a+b@example.com"]}
    assert capsys.readouterr().out == "[]\n"


@pytest.mark.parametrize(("body", "shown"), [(b"done", '"done"\n'), (b"", '""\n')])
async def test_an_answer_that_is_no_json_is_printed_as_a_json_string(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], body: bytes, shown: str
) -> None:
    source = a_file(tmp_path, '{"body":{"domain":"a.com"}}')
    async with serving(body) as api:
        assert await run_call(settings(api.url), "add-domain", source) == 0

    assert capsys.readouterr().out == shown


@pytest.mark.parametrize(
    ("status", "body", "kind", "code", "message"),
    [
        ("400 Bad Request", b'{"message":"bad"}', WorkFailedError, 1, "refused the call: 400"),
        ("401 Unauthorized", b"", WorkFailedError, 1, "API_KEY"),
        ("403 Forbidden", b"", WorkFailedError, 1, "did not execute the call: 403$"),
        ("500 Internal Server Error", b"", WorkFailedError, 1, "did not execute the call: 500$"),
        ("200 OK", b'{"failedOrders":[{"x":1}]}', WorkFailedError, 1, "see failedOrders"),
    ],
)
async def test_a_refusal_is_printed_and_ends_with_its_exit_code(  # noqa: PLR0913, PLR0917
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    status: str,
    body: bytes,
    kind: type[SyncError],
    code: int,
    message: str,
) -> None:
    source = a_file(tmp_path, '{"body":{"orders":[{"externalOrderId":"1"}]}}')
    async with serving(body, status) as api:
        with pytest.raises(kind, match=message) as caught:
            await run_call(settings(api.url), "add-orders", source)

    assert caught.value.exit_code == code
    assert capsys.readouterr().out == (body.decode() or '""') + "\n"
    assert len(api.asked) == 1


async def test_nobody_there_is_said_with_the_setting_to_look_at(tmp_path: Path) -> None:
    async with serving() as api:
        url = api.url  # closed again before it is called

    with pytest.raises(WorkFailedError, match=r"does not answer .*BASE_URL") as caught:
        await run_call(settings(url), "account-info", a_file(tmp_path, "{}"))

    assert caught.value.exit_code == 1


@pytest.mark.parametrize(
    ("action", "text", "message"),
    [
        ("detach-contacts", '{"path":{"id":5},"body":{"contactIds":[]}}', "body.contactIds"),
        ("add-domain", '{"body":{"domain":NaN}}', "NaN and Infinity"),
        ("no-such", "{}", "no such action"),
        ("account-info", "[]", "is not a JSON object"),
        ("account-info", "{", "is not valid JSON"),
        ("account-info", b"\xff", "is not valid JSON"),
    ],
)
async def test_wrong_input_is_a_usage_fault_and_sends_nothing(
    tmp_path: Path, action: str, text: str | bytes, message: str
) -> None:
    async with serving() as api:
        with pytest.raises(UsageError, match=message) as caught:
            await run_call(settings(api.url), action, a_file(tmp_path, text))

    assert caught.value.exit_code == 2
    assert api.asked == []


async def test_a_file_that_is_not_there_is_a_usage_fault(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.json: No such file"):
        await run_call(
            settings("http://127.0.0.1:1/api"), "account-info", str(tmp_path / "none.json")
        )


@pytest.mark.parametrize("body", [b'"tok-1"', b"tok-1", b'{"token":"tok-1"}'])
async def test_a_token_is_printed_bare(capsys: pytest.CaptureFixture[str], body: bytes) -> None:
    async with serving(body) as api:
        assert await run_token_create(settings(api.url)) == 0

    assert api.asked[0][0] == "POST /api/v1/auth/token HTTP/1.1"
    assert capsys.readouterr().out == "tok-1\n"


async def test_a_token_that_is_refused_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    async with serving(b"", "401 Unauthorized") as api:
        with pytest.raises(CredentialsError):
            await run_token_create(settings(api.url))

    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("body", [b"", b"{}", b"[]"])
async def test_an_answer_without_a_token_is_a_failure(
    capsys: pytest.CaptureFixture[str], body: bytes
) -> None:
    async with serving(body) as api:
        with pytest.raises(
            WorkFailedError, match="answered 200 with a body that is not understood"
        ):
            await run_token_create(settings(api.url))

    assert capsys.readouterr().out == ""


async def test_by_hand_a_contact_that_is_not_there_to_be_deleted_is_a_refusal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = a_file(tmp_path, '{"path":{"id":7}}')
    async with serving(b"not found", "404 Not Found") as api:
        with pytest.raises(WorkFailedError, match="refused the call: 404"):
            await run_call(settings(api.url), "delete-contact", source)

    assert capsys.readouterr().out == '"not found"\n'
