"""The way to eSputnik over HTTP: one request, one answer, nothing repeated. Imports httpx alone.

Traps of httpx-aiohttp 0.2 and aiohttp 3.14 this file guards against, each seen by running it: the
transport reports a closed connection, a refused one and a bad certificate all as a connect
time-out (so the cause underneath decides what may have been sent); read time-outs count per chunk
(so the whole exchange has a deadline); responses are unpacked without a limit (so none is asked
for, and bytes are counted while they come); cookies are kept (so there is no jar); aiohttp repeats
GET, PUT and DELETE once when a kept connection turns out closed (so what counts is a POST); a POST
without a body is said to carry bytes (so no type is put in); paths and queries are encoded anew, in
part (so they are encoded once more, as `Request.target` is).
"""

import asyncio
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Self
from urllib.parse import quote, unquote, urlencode

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from esputnik.call import Request
from esputnik.outcome import Answer, NoAnswer

LARGEST_BODY = 8 * 1024 * 1024  # bytes of an answer
CONNECT_SECONDS = 10.0
IDLE_SECONDS = 20.0  # a kept connection unused for longer is not used again
_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


class Client:
    """A connection pool to one base address. Use it as an async context manager."""

    def __init__(  # noqa: PLR0913 - an account's address, its key and the limits
        self,
        *,
        base_url: str,
        login: str,
        api_key: str,
        timeout: float,
        max_in_flight: int,
        user_agent: str = "esputnik-sync",
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Take the address that paths are appended to, and the API's Basic credentials.

        Args:
            base_url: Such as `https://esputnik.com/api`.
            login: Any name; eSputnik looks at the key alone.
            api_key: Sent as the password. Source: docs.yespo.io/reference/api-keys.
            timeout: Seconds for one exchange, from connecting to the last byte.
            max_in_flight: How many requests are under way at most; others wait their turn.
            user_agent: What the client calls itself.
            transport: What carries requests; None for connections of its own.
        """
        self._base = str(httpx.URL(base_url)).rstrip("/")
        self._login = login
        self._api_key = api_key
        self._timeout = timeout
        self._slots = asyncio.Semaphore(max_in_flight)
        self._connections = max_in_flight + 1
        self._user_agent = user_agent
        self._transport = transport
        self._client: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        self._client = httpx.AsyncClient(
            transport=self._transport or AiohttpTransport(client=self._session),
            timeout=httpx.Timeout(self._timeout, connect=min(CONNECT_SECONDS, self._timeout)),
            cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=())),
            follow_redirects=False,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    def set_api_key(self, api_key: str) -> bool:
        """Use this key from the next request on; tell whether it differs from the last."""
        changed = api_key != self._api_key
        self._api_key = api_key
        return changed

    async def exchange(self, request: Request, *, key: str | None = None) -> Answer | NoAnswer:
        """Send one request and read its answer whole; HTTP trouble is a value, never an error.

        `key` goes along as `Idempotency-Key`. Raises ValueError for a path that leaves the API's.
        """
        built = self._build(request, key)
        async with self._slots:
            try:
                async with asyncio.timeout(self._timeout):
                    return await self._send(built)
            except TimeoutError:
                return NoAnswer(maybe_sent=True, cause="timeout")
            except Exception as trouble:  # noqa: BLE001 - the one boundary: aiohttp's leak out too
                return _no_answer(trouble)

    async def _send(self, request: httpx.Request) -> Answer | NoAnswer:
        auth = httpx.BasicAuth(self._login, self._api_key)
        response = await self._http.send(request, stream=True, auth=auth)
        try:
            if "content-encoding" in response.headers:
                return NoAnswer(maybe_sent=True, cause="content_encoding")
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > LARGEST_BODY:
                    return NoAnswer(maybe_sent=True, cause="answer_too_large")
            return Answer(
                status=response.status_code, body=bytes(body), headers=dict(response.headers)
            )
        finally:
            await response.aclose()
            # The two know each other: parted, they and the body are freed without a collection.
            response.stream = httpx.ByteStream(b"")

    def _build(self, request: Request, key: str | None) -> httpx.Request:
        # Dots are resolved on the way, encoded ones too: an id of them would name another call.
        has_dots = any(unquote(part) in {".", ".."} for part in request.path.split("/"))
        if has_dots or not request.path.startswith("/v"):
            raise ValueError(f"{request.action}: the path leaves the API's own")
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": self._user_agent,
        }
        if request.body is not None:
            headers["Content-Type"] = "application/json; charset=UTF-8"
        if key is not None:
            headers["Idempotency-Key"] = key
        url = self._base + request.target
        return self._http.build_request(request.method, url, content=request.body, headers=headers)

    def _session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=self._connections,
                ssl=httpx.create_ssl_context(),
                keepalive_timeout=IDLE_SECONDS,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("Content-Type",),
            middlewares=(_as_shown,),
        )

    @property
    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            raise RuntimeError("the client is used as an async context manager")
        return self._client


async def _as_shown(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Let a request leave with the very path and query that were shown to people."""
    url = request.url
    path = "/".join(quote(unquote(part), safe="") for part in url.raw_path.split("/"))
    query = urlencode(list(url.query.items()), quote_via=quote)
    request.url = url.build(
        scheme=url.scheme,
        authority=url.raw_authority,
        path=path,
        query_string=query,
        encoded=True,
    )
    return await send(request)


def _no_answer(trouble: Exception) -> NoAnswer:
    """Say what is known of a failed exchange. Unknown errors may have been sent."""
    cause = trouble.__cause__ or trouble
    return NoAnswer(
        maybe_sent=not isinstance(cause, _NOT_SENT),
        cause=type(cause).__name__,
        is_untrusted=isinstance(cause, aiohttp.ClientConnectorCertificateError),
    )
