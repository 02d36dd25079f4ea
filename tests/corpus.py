"""Bad records, and good ones that look bad, each with what must become of it. Data alone.

Every entry stands for one record. `reason` is the one it is buried with, "" where it is taken.
Reasons that need a memory of other events are not among them.
"""

import gzip
import json
from base64 import b64encode
from dataclasses import dataclass
from typing import Any

NOW = 1_795_514_400.0  # 2026-11-24T10:00:00Z, in seconds
MAX_BYTES = 1024 * 1024
WHEN = "2026-11-24T09:00:00Z"
BOM = b"\xef\xbb\xbf"
SIGN_UP, ORDER, OPT_OUT, OPT_IN = (
    "user.signed_up",
    "order.changed",
    "contact.opted_out",
    "contact.opted_in",
)
Headers = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A record, the settings it is read with, and what must become of it.

    `topic_type`, `is_type_fixed`, `deletes`, `phone_region`, `strict`: the settings. `timestamp`
    in ms. `skipped`: the rule by which it is skipped. `is_told`: calls are made besides the burial.
    `has_bug`: the handler of its type is broken.
    """

    name: str
    value: bytes | None
    reason: str = ""
    headers: Headers = ()
    key: bytes | None = b"k"
    timestamp: int = int(NOW * 1000)
    topic_type: str | None = None
    is_type_fixed: bool = False
    deletes: bool = False
    phone_region: str | None = None
    strict: bool = False
    skipped: str = ""
    is_told: bool = False
    has_bug: bool = False


def as_json(value: object) -> bytes:
    """JSON as producers write it."""
    return json.dumps(value, ensure_ascii=False).encode()


def event(kind: str, data: Any, /, **envelope: Any) -> bytes:
    """An envelope."""
    return as_json({"id": "e1", "type": kind, "occurred_at": WHEN, "data": data} | envelope)


def sign_up(**data: Any) -> bytes:
    return event(SIGN_UP, data)


def order(**data: Any) -> bytes:
    given = {"order_id": "o1", "status": "delivered", "total": 10, "date": WHEN}
    return event(ORDER, given | {"currency": "UAH", "email": "ann@example.com"} | data)


def raw_order(total: str, order_id: str = '"o1"') -> bytes:
    """An order whose total (and id) are spelled out: what Python would write otherwise."""
    text = order(total="TOTAL", order_id="ID").decode()
    return text.replace('"TOTAL"', total).replace('"ID"', order_id).encode()


def raw_attribute(number: str) -> bytes:
    """A sign-up with an attribute whose number is spelled out."""
    return sign_up(user_id="u1", attributes={"a": "N"}).replace(b'"N"', number.encode())


def opt_out(kind: str = OPT_OUT, **envelope: Any) -> bytes:
    return event(kind, {"channel": "email", "email": "ann@example.com"}, **envelope)


def cloud(**attributes: Any) -> dict[str, Any]:
    """A structured CloudEvent; an attribute of None is left out."""
    given: dict[str, Any] = {"specversion": "1.0", "id": "e1", "source": "/shop"}
    given |= {"type": SIGN_UP, "time": WHEN}
    given |= {"data": {"email": "ann@example.com"}} | attributes
    return {name: value for name, value in given.items() if value is not None}


def binary(**attributes: bytes | None) -> Headers:
    """The headers of a binary CloudEvent; an attribute of None is left out."""
    given: dict[str, bytes | None] = {
        "specversion": b"1.0",
        "id": b"e1",
        "source": b"/shop",
        "type": SIGN_UP.encode(),
    }
    return tuple((f"ce_{n}", v) for n, v in (given | attributes).items() if v is not None)


def entries(reason: str, *rows: tuple[str, bytes], **common: Any) -> tuple[Entry, ...]:
    return tuple(Entry(name=n, value=v, reason=reason, **common) for n, v in rows)


GOOD = sign_up(email="ann@example.com")
NO_TEXTS: tuple[Any, ...] = ({}, [], 1, True)
OUT = as_json({"channel": "email", "email": "ann@example.com"})
BARE = as_json({"email": "ann@example.com"})
CLOUD = as_json(cloud())
ANN_BY_EMAIL: dict[str, Any] = {"channel": "email", "email": "ann@example.com"}
TWO_ADDRESSES = (
    b'{"id": "e1", "type": "%b", "occurred_at": "2026-11-24T09:00:00Z", "data": {'
    b'"channel": "email", "email": "ann@example.com", "\\u0065mail": "bob@example.com"}}'
)
STRUCTURED: Headers = (("content-type", b"application/cloudevents+json"),)
GZIP: Headers = (("content-encoding", b"gzip"),)


ACTIVITY_OF_TWO_MAILS = event(
    "activity.recorded", {"name": "n", "user_id": "u", "params": {"email2": "x", "phones": ["1"]}}
)


def nested(depth: int) -> bytes:
    """An envelope whose data is so deep, the envelope counted."""
    opened, closed = b'{"a":' * (depth - 1), b"}" * (depth - 1)
    return b'{"type":"t","data":' + opened + b"1" + closed + b"}"


JSON_TEXT = (
    *entries(
        "decode.json_syntax",
        ("cut short", b'{"a":1'),
        ("trailing comma", b'{"a":1,}'),
        ("single quotes", b"{'a':1}"),
        ("something behind it", GOOD + b"x"),
        ("two documents", GOOD + GOOD),
        ("documents by line", GOOD + b"\n" + GOOD),
        ("comment", b'{/* a */"a":1}'),
        ("two byte order marks", BOM + BOM + GOOD),
        ("lone surrogate, escaped", b'{"a":"\\ud800"}'),
        ("raw NUL in a string", b'{"a":"\x00"}'),
        ("raw line feed in a string", b'{"a":"\n"}'),
        ("NaN", b'{"a":NaN}'),
        ("Infinity", b'{"a":Infinity}'),
        ("minus Infinity", b'{"a":-Infinity}'),
        ("beyond any double", b'{"a":1e999}'),
        ("integer of 5,000 digits", b'{"a":' + b"1" * 5000 + b"}"),
        ("leading zero", b'{"a":01}'),
    ),
    *entries(
        "decode.not_utf8",
        ("UTF-16, little end first", b"\xff\xfe" + GOOD.decode().encode("utf-16-le")),
        ("UTF-16, big end first", b"\xfe\xff" + GOOD.decode().encode("utf-16-be")),
        ("Latin-1", b'{"a":"\xff"}'),
        ("lone surrogate, raw", b'{"a":"\xed\xa0\x80"}'),
    ),
    *entries(
        "decode.json_depth",
        ("33 deep", nested(33)),
        ("1,000 deep", nested(1000)),
        ("100,000 deep", b"[" * 100_000),
        ("deep, then a string never closed", b"[" * 33 + b'"' + b'\\"' * 400_000),
    ),
    *entries(
        "decode.too_many_nodes",
        ("half a million elements", b'{"a":[' + b"1," * 500_000 + b"1]}"),
        ("order of 10,000 items", order(items=[{"product_id": "p", "quantity": 1}] * 10_000)),
    ),
    *entries(
        "decode.json_type",
        *((f"top level {text}", text.encode()) for text in ("[]", '"a"', "1", "true", "null")),
        ("batch of CloudEvents", as_json([cloud()])),
    ),
    *entries("decode.empty", ("empty", b""), ("white space", b" \r\n\t"), ("mark alone", BOM)),
    *entries("decode.too_large", ("over the limit", b'"' + b"a" * MAX_BYTES + b'"')),
    *entries(
        "decode.registry_unsupported",
        ("framed for a registry", b"\x00\x00\x00\x00\x01" + GOOD),
        ("frame cut short", b"\x00{}"),
    ),
    *entries(
        "",
        ("one byte order mark", BOM + GOOD),
        ("surrogate pair, escaped", b'{"a":"\\ud83d\\ude00",' + GOOD[1:]),
        ("key twice, no consent", b'{"id":"e0",' + GOOD[1:]),
        ("template and formula", order(first_name="{{x}} =cmd() <script>")),
        ("decomposed accent", sign_up(email="a@example.com", first_name="Rene\u0301")),
        ("brackets within strings", order(delivery_address="[" * 40)),
    ),
)

FRAMES = (
    *entries(
        "decode.compression",
        ("gzip, undeclared", gzip.compress(GOOD)),
        ("zstd, undeclared", b"\x28\xb5\x2f\xfd" + GOOD),
    ),
    *entries(
        "decode.compression",
        ("gzip bomb", gzip.compress(bytes(16 * MAX_BYTES))),
        ("gzip cut short", gzip.compress(GOOD)[:-9]),
        ("gzip in gzip", gzip.compress(gzip.compress(GOOD))),
        ("declared and no gzip", GOOD),
        headers=GZIP,
    ),
    *entries(
        "decode.compression",
        ("unknown encoding", GOOD),
        headers=(("content-encoding", b"br"),),
    ),
    *(
        Entry(name=f"content type {kind!r}", value=GOOD, reason=reason, headers=headers)
        for kind, reason in (
            (b"application/xml", "decode.content_type"),
            (b"text/plain", "decode.content_type"),
            (b"\x00\x01", "decode.content_type"),
            (b"\xff\xfe", "decode.header"),
            (None, "decode.header"),
            (b"application/cloudevents-batch+json", "decode.json_type"),
            (b"application/json; charset=utf-8", ""),
            (b"", ""),
        )
        for headers in ((("content-type", kind),),)
    ),
    *entries(
        "decode.header",
        ("5,000 headers", GOOD),
        headers=(("h", b""),) * 5000,
    ),
    *entries("decode.header", ("headers too large", GOOD), headers=(("h", b"a" * 40_000),)),
    *entries(
        "decode.header",
        ("two ids", BARE),
        headers=(("id", b"1"), ("id", b"2")),
        topic_type=SIGN_UP,
    ),
    *entries("", ("two ids that nobody needs", GOOD), headers=(("id", b"1"), ("id", b"2"))),
    *entries("", ("id that nobody needs", GOOD), headers=(("idempotency-key", None),)),
    *entries("", ("id of an opt-out", OUT), headers=(("id", b"\xff"),), topic_type=OPT_OUT),
    *entries(
        "",
        ("junk in headers that mean nothing", GOOD),
        headers=(("h", None), ("h", b"\xff" * 20_000), ("\r\nX:", b""), ("traceparent", b"junk")),
    ),
    *entries("", ("forged tail", GOOD), headers=(("esync-dlq-id", b"\xff"), ("esync-dlq-n", b"9"))),
    *entries("", ("gzip, declared", gzip.compress(GOOD)), headers=GZIP),
)

FORMS = (
    *entries("", ("structured", CLOUD), headers=STRUCTURED),
    *entries("", ("structured, untold", CLOUD)),
    *entries("", ("binary", BARE), headers=binary(time=WHEN.encode())),
    *entries("", ("both ways, agreeing", CLOUD), headers=STRUCTURED + binary()),
    *entries("", ("bare", BARE), topic_type=SIGN_UP),
    *entries("schema.missing", ("bare, of no type", BARE)),
    *entries("decode.ce_mode", ("both, another id", CLOUD), headers=binary(id=b"e2")),
    *entries("decode.ce_attr", ("no specversion", BARE), headers=STRUCTURED),
    *entries("decode.ce_attr", ("binary, no id", BARE), headers=binary(id=None)),
    *entries("decode.ce_attr", ("binary, empty id", BARE), headers=binary(id=b"")),
    *entries("schema.version_unknown", ("binary 0.3", BARE), headers=binary(specversion=b"0.3")),
    *entries(
        "decode.ce_attr",
        *((f"structured, no {name}", as_json(cloud(**{name: None}))) for name in ("id", "source")),
        ("both data", as_json(cloud(data_base64=b64encode(BARE).decode()))),
        ("no base64", as_json(cloud(data=None, data_base64="?"))),
    ),
    *entries(
        "schema.version_unknown",
        *((f"specversion {v}", as_json(cloud(specversion=v))) for v in ("0.3", "2.0")),
        *((f"version {v!r}", event(SIGN_UP, {}, version=v)) for v in (99, "1", 1.0, None, -1)),
    ),
    *entries("", ("base64", as_json(cloud(data=None, data_base64=b64encode(BARE).decode())))),
    *entries("schema.type_unknown", ("unknown type", event("user.sang", {}))),
    *entries("schema.missing", ("no data", as_json({"type": SIGN_UP, "occurred_at": WHEN}))),
    *entries(
        "schema.type", ("data a list", event(SIGN_UP, [])), ("id a number", opt_out(OPT_IN, id=1))
    ),
    *entries(
        "ident.id_unsafe",
        *((f"event id {i[:9]!r}", event(SIGN_UP, {}, id=i)) for i in ("", ".", "\0", "a" * 257)),
    ),
    Entry(name="tombstone", value=None, skipped="tombstone"),
    Entry(name="tombstone that deletes", value=None, key=b"u1", deletes=True),
    *(
        Entry(
            name=f"deletion of {key!r}",
            value=None,
            key=key,
            deletes=True,
            reason="decode.tombstone",
        )
        for key in (None, b"", b"\xff")
    ),
    *entries(
        "schema.conflict", ("not the topic's type", GOOD), topic_type=ORDER, is_type_fixed=True
    ),
    *entries(
        "schema.type_unknown",
        ("unknown, and not the topic's type", event("user.sang", {})),
        topic_type=ORDER,
        is_type_fixed=True,
    ),
    *entries("", ("the topic's type", GOOD), topic_type=SIGN_UP, is_type_fixed=True),
    *entries("", ("another type than usual", GOOD), topic_type=ORDER),
    Entry(
        name="tombstone that deletes, on a topic of one type",
        value=None,
        key=b"u1",
        topic_type="user.updated",
        is_type_fixed=True,
        deletes=True,
    ),
    *entries("map.handler_error", ("bug of ours", GOOD), has_bug=True),
)

PEOPLE = (
    *entries(
        "ident.missing_contact",
        ("names nobody", sign_up(first_name="Ann")),
        ("blank id", sign_up(user_id=" ")),
        ("empty id", sign_up(user_id="")),
    ),
    *entries(
        "ident.id_unsafe",
        *(
            (f"id {i[:9]!r}", sign_up(user_id=i))
            for i in (".", "..", "a\0", "a\r\nb", "a" * 10_000)
        ),
        *(
            (
                f"token {t[:9]!r}",
                event("device_token.changed", {"app_id": "a", "token": t, "active": True}),
            )
            for t in ("", "a b", "a" * 10_240)
        ),
    ),
    *entries(
        "",
        *(
            (f"id {i!r}", sign_up(user_id=i))
            for i in ("../admin", "%2e%2e", "a/b", "a?b", "a#b", "0")
        ),
    ),
    *entries(
        "schema.type",
        *((f"e-mail {e!r}", sign_up(email=e)) for e in NO_TEXTS),
        *((f"phone number {p!r}", sign_up(phone=p)) for p in (380501234567, 3.8e11)),
    ),
    *entries(
        "ident.email_invalid",
        *(
            (f"e-mail {e[:24]!r}", sign_up(email=e))
            for e in (
                "ann",
                "a@b@example.com",
                "a b@example.com",
                "<a@example.com>",
                "mailto:a@example.com",
                "a\u200bb@example.com",
                "a" * 65 + "@example.com",
                "a@" + "b" * 64 + ".com",
                "a@" + "b." * 130 + "com",
                '"a b"@example.com',
                "a@[127.0.0.1]",
                "a@example.com,b@example.com",
                "a@example.com;b@example.com",
                "\uff55\uff53\uff45\uff52@example.com",
                "a\uff20example.com",
                "a@example\u3002com",
                "анна@example.com",
            )
        ),
    ),
    *entries(
        "ident.email_idn",
        ("bad punycode", sign_up(email="a@xn--a.com")),
        ("punycode of no letter", sign_up(email="a@xn--\u0301.com")),
        ("a picture for a domain", sign_up(email="a@\u2603.com")),
        ("a domain too long in ASCII", sign_up(email="a@" + "\u0436" * 63 + ".com")),
    ),
    *entries(
        "",
        ("spaces around", sign_up(email=" \u00a0ann@example.com ")),
        ("IDN", sign_up(email="user@почта.укр")),
        ("upper case", sign_up(email="ANN@EXAMPLE.COM")),
        ("bad e-mail beside an id", sign_up(user_id="u1", email="ann")),
        ("bad phone beside an e-mail", sign_up(email="ann@example.com", phone="12")),
        ("phone number beside an e-mail", sign_up(email="ann@example.com", phone=380501234567)),
        ("bad names", sign_up(user_id="u1", first_name="{{x}}", last_name="a" * 41)),
        ("bad attribute", sign_up(user_id="u1", attributes={"a": "x" * 1001})),
        ("long number as an attribute", raw_attribute("0.12345678901234567")),
        ("bad e-mail of a buyer", order(user_id="u1", email="ann")),
        ("bad phone of a buyer", order(phone="12")),
        (
            "bad phone of a reader",
            event("activity.recorded", {"name": "n", "user_id": "u1", "phone": "12"}),
        ),
        (
            "bad e-mail of a device's owner",
            event(
                "device_token.registered",
                {"app_id": "a", "token": "t", "user_id": "u1", "email": "ann"},
            ),
        ),
        ("bad e-mail of the deleted", event("user.deleted", {"user_id": "u1", "email": "ann"})),
        ("phone with signs", sign_up(phone="+380 (50) 123-45-67")),
    ),
    *entries("", ("phone with a region", sign_up(phone="0501234567")), phone_region="UA"),
    *entries(
        "ident.phone_ambiguous",
        *(
            (f"phone {p}", sign_up(phone=p))
            for p in ("0501234567", "380501234567", "00380501234567")
        ),
    ),
    *entries(
        "ident.phone_invalid",
        *(
            (f"phone {p!r}", sign_up(phone=p))
            for p in (
                "+38050ABCDEFG",
                "+380501234567;ext=5",
                "+12",
                "+" + "1" * 20,
                "+000000000",
                "+٣٨٠٥٠١٢٣٤٥٦٧",
            )
        ),
    ),
)

TIMES = (
    *(
        Entry(name=f"time {t!r}", value=opt_out(OPT_IN, occurred_at=t), reason=reason)
        for t, reason in (
            ("2024-01-01T00:00:00", "time.no_zone"),
            ("9999-12-31T23:59:59Z", "time.future"),
            ("2026-11-25T11:00:00Z", "time.future"),
            ("1970-01-01T00:00:00Z", "time.past"),
            ("0001-01-01T00:00:00+02:00", "time.past"),
            ("-1", "time.format"),
            (1_700_000_000, "time.format"),
            (1_700_000_000_000, "time.format"),
            ("2024-02-30T00:00:00Z", "time.format"),
            ("2024-01-01T24:00:00Z", "time.format"),
            ("2024-06-30T23:59:60Z", "time.format"),
            ("2024-01-01T00:00:00+25:00", "time.format"),
            ("2024-01-01T00:00:00.123456789012Z", ""),
            (None, "consent.no_time"),
        )
    ),
    *entries(
        "time.future",
        ("record of next year", BARE),
        topic_type=SIGN_UP,
        timestamp=1_830_000_000_000,
    ),
    *entries("time.format", ("record of no time", BARE), topic_type=SIGN_UP, timestamp=-1),
    *entries(
        "",
        *(
            (f"opt-out at {t!r}", opt_out(occurred_at=t))
            for t in (1_700_000_000, "x", "9999-12-31T00:00:00Z")
        ),
        ("opt-out with a bad id", opt_out(id=7)),
        timestamp=-1,
    ),
    *entries("time.no_zone", ("order of no zone", order(date="2026-11-24T09:00:00"))),
    *entries("time.format", ("order of no date", order(date="2026-02-30T09:00:00Z"))),
    *entries("", ("order of lower case", order(date="2026-11-24 09:00:00z"))),
)

CONSENT = (
    Entry(
        name="opt-out, key twice",
        value=opt_out()[:-1] + b',"i\\u0064":"e2"}',
        reason="consent.ambiguous",
        is_told=True,
    ),
    *entries(
        "consent.ambiguous",
        ("opt-in, key twice", opt_out(OPT_IN)[:-1] + b',"id":"e2"}'),
        ("opt-in, key twice, escaped", opt_out(OPT_IN)[:-1] + b',"i\\u0064":"e2"}'),
    ),
    *entries(
        "consent.ambiguous",
        ("opt-in, key twice, packed", gzip.compress(opt_out(OPT_IN)[:-1] + b',"id":"e2"}')),
        headers=GZIP,
    ),
    *entries(
        "consent.ambiguous",
        ("opt-out, address twice", TWO_ADDRESSES % OPT_OUT.encode()),
        is_told=True,
    ),
    *entries("consent.ambiguous", ("opt-in, address twice", TWO_ADDRESSES % OPT_IN.encode())),
    *entries(
        "",
        *(
            (f"opt-out with {name} {value!r:.9}", event(OPT_OUT, ANN_BY_EMAIL | {name: value}))
            for name, value in (
                ("reason", "a" * 1001),
                ("reason", 7),
                ("reason", "a\0"),
                ("user_id", 7),
                ("user_id", "."),
                ("phone", "12"),
                ("phone", {}),
                ("categories", []),
                ("categories", "news"),
                ("categories", [7]),
            )
        ),
    ),
    *entries("consent.no_time", ("opt-in, bare", as_json(ANN_BY_EMAIL)), topic_type=OPT_IN),
    *entries(
        "ident.email_invalid",
        ("opt-in of a bad address", event(OPT_IN, ANN_BY_EMAIL | {"user_id": "u", "email": "x"})),
    ),
    *entries("ident.missing_contact", ("opt-out of nobody", event(OPT_OUT, {"channel": "email"}))),
    *entries(
        "consent.unnormalised",
        ("opt-out of no address", event(OPT_OUT, {"channel": "email", "email": "x"})),
    ),
    *entries(
        "consent.no_route",
        ("no route", event(OPT_OUT, {"channel": "sms", "phone": "+380501234567"})),
    ),
    Entry(
        name="all channels, one with a route",
        value=event(OPT_OUT, {"channel": "all", "email": "a@example.com"}),
        reason="consent.no_route",
        is_told=True,
    ),
    *entries(
        "schema.enum",
        ("channel in capitals", event(OPT_OUT, {"channel": "EMAIL", "email": "a@example.com"})),
    ),
)

LIMITS = (
    *entries(
        "schema.range",
        ("amount of 64 bits", raw_order("18446744073709551615")),
        ("amount of 17 digits", raw_order("0.30000000000000004")),
        ("integer id beyond 64 bits", raw_order("1", "18446744073709551616")),
        ("total of 309 digits", raw_order("1" * 309)),
        ("total beyond 18 digits", order(total="1" * 19)),
        ("negative total", order(total=-1)),
        ("negative shipping", order(shipping="-0.01")),
        ("no quantity", order(items=[{"product_id": "p", "quantity": 0}])),
        ("sign in an activity's name", event("activity.recorded", {"name": "a<b", "user_id": "u"})),
        ("member 0", event("segment.joined", {"segment_id": 1, "contact_ids": [0]})),
        ("no members", event("segment.joined", {"segment_id": 1, "user_ids": []})),
        (
            "501 members",
            event("segment.joined", {"segment_id": 1, "contact_ids": list(range(1, 502))}),
        ),
        ("negative quantity", order(items=[{"product_id": "p", "quantity": -1}])),
        ("1,001 items", order(items=[{"product_id": "p", "quantity": 1}] * 1001)),
        ("300 attributes", sign_up(user_id="u", attributes={f"a{n}": 1 for n in range(300)})),
    ),
    *entries(
        "",
        *(
            (f"amount {n}", raw_order(n))
            for n in ("1.005", "0.1e-400", "-0", "-0.0", '"12345678901234567.89"')
        ),
        (
            "exact member",
            event("segment.joined", {"segment_id": 1, "contact_ids": [9007199254740993]}),
        ),
        ("attribute __proto__", sign_up(user_id="u", attributes={"__proto__": "x"})),
        ("unknown field", sign_up(user_id="u", nickname="x")),
        ("param that only looks like an identifier", ACTIVITY_OF_TWO_MAILS),
    ),
    *entries(
        "schema.unknown_field",
        ("unknown, strict", sign_up(user_id="u", nickname="x")),
        ("unknown within, strict", sign_up(user_id="u", address={"planet": "x"})),
        strict=True,
    ),
    *entries(
        "schema.type",
        ("integer id", raw_order("1", "18446744073709551615")),
        *(
            (
                f"active {a!r}",
                event("device_token.changed", {"app_id": "a", "token": "t", "active": a}),
            )
            for a in ("true", "yes", 1)
        ),
    ),
    *entries(
        "schema.enum",
        *((f"status {s!r}", order(status=s)) for s in ("Delivered", "delivered ", "eaten")),
        *((f"currency {c}", order(currency=c)) for c in ("XXX", "usd")),
        (
            "language",
            event(
                "inbox_message.published",
                {"name": "n", "title": "t", "text": "x", "language": "xx-invalid-"},
            ),
        ),
    ),
    *entries(
        "schema.missing",
        ("order without a total", event(ORDER, {"order_id": "o"})),
        ("order without a currency", order(currency=None)),
        ("segment of nobody", event("segment.joined", {"segment_id": 1})),
        ("message by user id", event("message.requested", {"message_id": 1, "user_id": "u"})),
        ("activity of no name", event("activity.recorded", {"name": "", "user_id": "u"})),
    ),
    *entries(
        "schema.conflict",
        (
            "members twice",
            event("segment.left", {"segment_id": 1, "contact_ids": [1], "user_ids": ["u"]}),
        ),
        (
            "identifier among params",
            event("activity.recorded", {"name": "n", "user_id": "u", "params": {"E-Mail": "x"}}),
        ),
    ),
    *entries(
        "text.too_long",
        ("text of 900 kB", order(status_description="a" * 900_000)),
        (
            "name of an activity",
            event("activity.recorded", {"name": "a" * 101, "user_id": "u"}),
        ),
        (
            "name of a param",
            event("activity.recorded", {"name": "n", "user_id": "u", "params": {"a" * 101: 1}}),
        ),
        (
            "activity over 20 kB",
            event(
                "activity.recorded", {"name": "n", "user_id": "u", "params": {"a": "x" * 20_000}}
            ),
        ),
    ),
    *entries(
        "text.control",
        *(
            (f"text {t!r}", order(first_name=t))
            for t in ("a\0", "a\x1b[1m", "a\u202eb", "a\u0085", "a\x7f")
        ),
    ),
    *entries(
        "map.unsafe_url",
        *(
            (
                f"link {u}",
                event(
                    "inbox_message.published", {"name": "n", "title": "t", "text": "x", "link": u}
                ),
            )
            for u in (
                "http://169.254.169.254/",
                "file:///etc/passwd",
                "http://db.internal/",
                "https://u:p@example.com/",
            )
        ),
    ),
)

CORPUS = (*JSON_TEXT, *FRAMES, *FORMS, *PEOPLE, *TIMES, *CONSENT, *LIMITS)
