"""What `explain` prints is what `run` would send."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import orjson
import pytest

from consumer.batcher import Limits
from consumer.cli.explain import batched, explain, run_explain
from consumer.errors import WorkFailedError
from consumer.exact_http import told_call
from consumer.plan import Planner, Topic
from consumer.settings.sources import load
from esputnik.call import Action, idempotency_key
from handlers.mapped import Mapped, Options
from handlers.routes import ROUTES
from tests.builders import IMPORT, ORDERS, a_call, a_job, a_request, an_item

NOW = 1_700_000_000.0
SKEW = 300.0  # s
EVENT = '{"id":"ev-1","type":"user.updated","data":{"user_id":"u1"}}'
TOPICS = {
    "users": Topic(type="user.updated"),
    "deletions": Topic(type="user.updated", deletes=True),
}
PLANNER = Planner(topics=TOPICS, options=Options(default_currency="UAH"))


def told(*lines: str | bytes, batches: bool = False, limits: Limits | None = None) -> list[Any]:
    """What is printed, read back."""
    return [orjson.loads(line) for line in printed(*lines, batches=batches, limits=limits)]


def printed(
    *lines: str | bytes, batches: bool = False, limits: Limits | None = None
) -> list[bytes]:
    raw = [line.encode() if isinstance(line, str) else line for line in lines]
    shown = explain(raw, PLANNER, limits or Limits(), now=NOW, batches=batches, skew=SKEW)
    return [orjson.dumps(line) for line in shown]


def an_event(event_type: str, data: Mapping[str, Any], event_id: str = "ev-1") -> str:
    return orjson.dumps({"id": event_id, "type": event_type, "data": data}).decode()


def an_opt_out(event_id: str = "ev-1", **who: str) -> str:
    return an_event("contact.opted_out", {"channel": "email"} | who, event_id)


# -- lines in -------------------------------------------------------------------------------


def test_a_bare_event_becomes_its_calls() -> None:
    assert told(an_opt_out(email="ann@example.com")) == [
        {
            "event_id": "ev-1",
            "type": "contact.opted_out",
            "outcome": "calls",
            "calls": [
                {
                    "action": "add-unsubscribed",
                    "intent": "consent.opt_out",
                    "class": "A",
                    "method": "POST",
                    "path": "/v1/emails/unsubscribed/add",
                    "body": {"emails": ["ann@example.com"]},
                    "idempotency_key": idempotency_key("id:\0ev-1", "consent.opt_out"),
                    "lane": "e:ann@example.com",
                }
            ],
        }
    ]


def test_a_key_is_the_one_that_is_promised() -> None:
    event = '{"id":"ev-1","type":"user.updated","source":"/shop","data":{"user_id":"u1"}}'

    assert told(event)[0]["calls"][0]["idempotency_key"] == (
        "es1-rsbp5fnubcmw6tni73i74s22coozymjqyydbdide"
    )


@pytest.mark.parametrize(
    "value",
    [
        f'"value":{EVENT}',
        f'"value":{orjson.dumps(EVENT).decode()}',
        '"headers":{"id":"ev-1"},"value":{"user_id":"u1"}',
        '"headers":[["x",null],["id","ev-1"]],"key":"k","value":{"user_id":"u1"}',
        f'"value" : {{"no":1}} , "value" :\t{EVENT}',
        f'"value_base64":"{base64.b64encode(EVENT.encode()).decode()}"',
    ],
)
def test_a_described_record_is_the_event_it_describes(value: str) -> None:
    bare = an_event("user.updated", {"user_id": "u1"})

    assert told(f'{{"topic":"users",{value}}}') == told(bare)


def test_a_null_value_is_a_tombstone() -> None:
    kept, deleted, bad = told(
        '{"topic":"users","key":"u1","value":null}',
        '{"topic":"deletions","key":"u1","value":null}',
        '{"topic":"deletions","value":null}',
    )

    assert (kept["outcome"], kept["reason"], kept["calls"]) == ("skipped", "tombstone", [])
    assert deleted["calls"][0]["method"] == "DELETE"
    assert deleted["calls"][0]["path"] == "/v1/contact?externalCustomerId=u1&erase=false"
    assert deleted["calls"][0]["body"] is None
    assert (bad["reason"], bad["field"]) == ("decode.tombstone", "key")


def test_blank_lines_and_a_byte_order_mark_are_overlooked() -> None:
    event = an_event("user.updated", {"user_id": "u1"})

    assert told("\n", b"\xef\xbb\xbf" + event.encode() + b"\r\n", "  \n") == told(event)


def test_a_time_that_is_not_named_is_now_and_one_that_is_named_counts() -> None:
    opt_in = '{"topic":"users",%s"value":{"type":"user.updated","data":{"user_id":"u1"}}}'
    ahead = int(NOW * 1000) + 2 * 24 * 3600 * 1000

    assert told(opt_in % "")[0]["outcome"] == "calls"
    assert told(opt_in % f'"timestamp":{int(NOW * 1000)},')[0]["outcome"] == "calls"
    assert told(opt_in % f'"timestamp":{ahead},')[0]["reason"] == "time.future"
    assert told(opt_in % '"timestamp":-1,')[0]["reason"] == "time.format"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "decode.json_syntax"),
        ("NaN", "decode.json_syntax"),
        ("[1]", "decode.json_type"),
        ('"text"', "decode.json_type"),
        (b'{"a":"\xff"}', "decode.not_utf8"),
        ('{"a":' * 3000, "decode.json_depth"),
        ('{"topic":"users","value":{"a":NaN}}', "decode.json_syntax"),
        ('{"topic":"users","value":""}', "decode.empty"),
        ('{"topic":"users","key":"no value"}', "schema.missing"),
        ('{"topic":7,"value":{}}', "schema.missing"),
    ],
)
def test_a_bad_line_says_what_run_would_say(line: str | bytes, reason: str) -> None:
    [shown] = told(line)

    assert (shown["outcome"], shown["reason"], shown["calls"]) == ("dead_letter", reason, [])


@pytest.mark.parametrize(
    ("members", "word"),
    [
        ('"value":7', "value"),
        ('"value":[]', "value"),
        ('"value":"\\ud800"', "value"),
        ('"value_base64":"%"', "value_base64"),
        ('"value_base64":7', "value_base64"),
        ('"timestamp":true,"value":null', "timestamp"),
        ('"timestamp":"now","value":null', "timestamp"),
        ('"key":7,"value":null', "key"),
        ('"headers":7,"value":null', "headers"),
        ('"headers":["ab"],"value":null', "header"),
        ('"headers":{"a":1},"value":null', "header"),
    ],
)
def test_a_record_described_wrongly_names_the_member(members: str, word: str) -> None:
    bad, good = told(f'{{"topic":"users",{members}}}', an_opt_out(email="ann@example.com"))

    assert (bad["outcome"], bad["reason"]) == ("dead_letter", "decode.json_syntax")
    assert word in bad["detail"]
    assert good["outcome"] == "calls"


def test_a_key_that_stands_twice_in_a_described_value_is_seen() -> None:
    twice = (
        '{"topic":"users","value":{"id":"1","type":"contact.opted_out",'
        '"data":{"channel":"email","email":"a@example.com","email":"b@example.com"}}}'
    )

    [shown] = told(twice)

    assert (shown["outcome"], shown["reason"]) == ("dead_letter", "consent.ambiguous")
    assert [call["action"] for call in shown["calls"]] == ["add-unsubscribed"]


# -- calls out ------------------------------------------------------------------------------


def test_a_refused_event_names_the_field() -> None:
    [shown] = told(an_event("user.updated", {"first_name": 7, "user_id": "u1"}))

    assert shown["outcome"] == "dead_letter"
    assert shown["reason"] == "schema.type"
    assert shown["field"] == "data.first_name"


def test_what_has_a_route_is_told_and_the_rest_is_named() -> None:
    [shown] = told(an_event("contact.opted_out", {"channel": "all", "email": "a@example.com"}))

    assert (shown["outcome"], shown["reason"]) == ("dead_letter", "consent.no_route")
    assert shown["field"] == "data.channel"
    assert [call["action"] for call in shown["calls"]] == ["add-unsubscribed"]


def test_a_look_up_stands_before_its_call_with_the_same_key_and_lane() -> None:
    find, call = told(an_opt_out(user_id="u1"))[0]["calls"]

    assert (find["action"], call["action"]) == ("find-contact", "add-unsubscribed")
    assert find["path"] == "/v1/contacts?externalCustomerId=u1"
    assert find["body"] is None
    assert call["body"] == {"emails": ["{email}"]}
    for name in ("intent", "idempotency_key", "lane", "class"):
        assert find[name] == call[name]


def test_a_value_known_only_while_sending_stands_in_braces() -> None:
    texts = {"title": "t", "text": "x"}
    data = texts | {"name": "n", "translations": {"uk": texts}}
    create, translate = told(an_event("inbox_message.published", data))[0]["calls"]

    assert create["class"] == "C"
    assert translate["path"] == "/v1/messages/appinbox/{id}/uk"


def test_a_body_shows_the_digits_that_are_sent() -> None:
    order = (
        '{"id":"1","type":"order.changed","data":{"order_id":"o1","status":"delivered",'
        '"total":"12345678901234567.10","date":"2023-11-01T00:00:00Z","user_id":"u1"}}'
    )

    [line] = printed(order)

    assert b'"totalCost":12345678901234567.10' in line


def test_an_event_that_asks_for_nothing_says_so() -> None:
    silent = replace(
        PLANNER,
        routes={"user.updated": replace(ROUTES["user.updated"], handle=lambda _e, _o: Mapped())},
    )

    [shown] = explain([EVENT.encode()], silent, Limits(), now=NOW, batches=False, skew=SKEW)

    assert (shown["outcome"], shown["reason"], shown["calls"]) == ("skipped", "nothing_to_say", [])


def test_a_call_without_a_lane_shows_an_empty_one() -> None:
    assert told_call(a_call(lanes=()))[0]["lane"] == ""


# -- batches --------------------------------------------------------------------------------


def requests_of(calls: Sequence[Any], limits: Limits | None = None) -> list[Any]:
    shown = batched([a_job(*calls)], limits or Limits())
    return [orjson.loads(orjson.dumps(line)) for line in shown]


def sizes(requests: Sequence[Any]) -> list[tuple[str, int]]:
    return [(request["action"], request["size"]) for request in requests]


def test_calls_of_one_shape_travel_together() -> None:
    lines = [an_opt_out(f"ev-{n}", email=f"a{n}@example.com") for n in range(3)]
    *events, request = told(*lines, batches=True)

    assert len(events) == 3
    assert request == {
        "action": "add-unsubscribed",
        "method": "POST",
        "path": "/v1/emails/unsubscribed/add",
        "size": 3,
        "body": {"emails": [f"a{n}@example.com" for n in range(3)]},
    }


def test_without_the_switch_there_are_events_alone() -> None:
    assert len(told(an_opt_out(email="a@example.com"))) == 1


def test_a_batch_keeps_to_the_limits_of_the_settings() -> None:
    calls = [an_item(ORDERS, item=b"1", lanes=(f"o:{n}",)) for n in range(5)]

    shown = requests_of(calls, Limits(max_items={Action.ADD_ORDERS: 2}))

    assert sizes(shown) == [("add-orders", 2), ("add-orders", 2), ("add-orders", 1)]


def test_how_many_may_be_under_way_cuts_no_batch_short() -> None:
    calls = [an_item(IMPORT, item=b"1", lanes=(f"u:{n}",)) for n in range(9)]
    narrow = Limits(max_items={Action.BULK_CONTACTS: 3}, under_way=1, imports=1)

    assert sizes(requests_of(calls, narrow)) == [("bulk-contacts", 3)] * 3


def test_two_calls_about_one_contact_share_no_request() -> None:
    calls = [
        an_item(ORDERS, item=b'"first"', lanes=("o:1", "u:1"), marks=frozenset({"order:1"})),
        an_item(ORDERS, item=b'"second"', lanes=("o:2", "u:1"), marks=frozenset({"order:2"})),
        an_item(ORDERS, item=b'"other"', lanes=("o:3", "u:2"), marks=frozenset({"order:3"})),
    ]

    shown = requests_of(calls)

    assert [request["body"]["orders"] for request in shown] == [["first", "other"], ["second"]]


def test_a_call_that_can_go_alone_goes_alone_where_it_has_no_company() -> None:
    lone = an_item(IMPORT, item=b"1", lanes=("u:1",), request=a_request())

    assert sizes(requests_of([lone])) == [("add-contact", 1)]


def test_look_ups_go_alone_and_before_what_they_serve() -> None:
    *_, first, second, third = told(
        an_opt_out("ev-1", user_id="u1"), an_opt_out("ev-2", user_id="u2"), batches=True
    )

    assert sizes([first, second, third]) == [
        ("find-contact", 1),
        ("find-contact", 1),
        ("add-unsubscribed", 2),
    ]


def a_word(way: str, at: str, event_id: str) -> str:
    data = {"channel": "email", "email": "ann@example.com"}
    told = {"id": event_id, "type": f"contact.opted_{way}", "occurred_at": at, "data": data}
    return orjson.dumps(told).decode()


def shown_together(*lines: str) -> tuple[list[str], list[tuple[str, int]]]:
    """How each event would end alone, and the requests that all would become."""
    shown = told(*lines, batches=True)
    return [one["outcome"] for one in shown[: len(lines)]], sizes(shown[len(lines) :])


def test_an_event_that_comes_again_is_sent_once() -> None:
    assert shown_together(an_opt_out(email="a@x.com"), an_opt_out(email="a@x.com")) == (
        ["calls", "calls"],
        [("add-unsubscribed", 1)],
    )


def test_of_sends_with_one_id_the_first_is_sent() -> None:
    sends = [
        an_event("activity.recorded", {"name": name, "user_id": "1"}) for name in ("one", "other")
    ]

    assert shown_together(*sends) == (["calls", "calls"], [("generate-event", 1)])


def test_an_opt_in_that_another_event_makes_stale_is_not_sent() -> None:
    out = a_word("out", "2023-11-14T12:00:00Z", "ev-1")
    stale = a_word("in", "2023-11-14T11:00:00Z", "ev-2")
    newer = a_word("in", "2023-11-14T13:00:00Z", "ev-3")

    assert shown_together(out, stale) == (["calls", "calls"], [("add-unsubscribed", 1)])
    assert shown_together(out, newer)[1] == [("add-unsubscribed", 1), ("remove-unsubscribed", 1)]
    assert shown_together(stale, out)[1] == [("add-unsubscribed", 1)]


def test_what_is_no_newer_than_a_deletion_before_it_is_not_sent() -> None:
    gone = an_event("user.deleted", {"user_id": "u1"}, "ev-1")
    late = an_event("user.updated", {"user_id": "u1", "first_name": "Ann"}, "ev-2")

    assert shown_together(gone, late) == (["calls", "calls"], [("delete-contact", 1)])


# -- the command ----------------------------------------------------------------------------


def test_the_command_needs_no_key_and_writes_lines_as_bytes_or_text(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_text(an_opt_out(email="ann@example.com") + "\n{\n", "utf-8")
    loaded = load(config=None, overrides=(), environ={}, needs_api_key=False)
    raw, text = io.BytesIO(), io.StringIO()

    assert run_explain(loaded, str(path), False, cast("Any", raw)) == 0
    assert run_explain(loaded, str(path), True, text) == 0

    first, second = map(orjson.loads, raw.getvalue().splitlines())
    assert (first["outcome"], second["outcome"]) == ("calls", "dead_letter")
    assert len(text.getvalue().splitlines()) == 3


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    loaded = load(config=None, overrides=(), environ={}, needs_api_key=False)
    path = str(tmp_path / "none.ndjson")

    with pytest.raises(WorkFailedError, match=r"none\.ndjson: No such file"):
        run_explain(loaded, path, False, io.StringIO())
