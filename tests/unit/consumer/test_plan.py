"""A record becomes calls, or a reason why not; whatever it holds, one of the two."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumer.plan import UNKNOWN, Plan, Planned, Planner, Refused, Skipped, Topic
from esputnik.call import event_identity, record_identity
from handlers.mapped import Mapped, Options
from handlers.routes import ROUTES
from schemas.problem import Reason
from tests.builders import a_record
from tests.corpus import NOW, OPT_IN, OPT_OUT, WHEN, binary

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
STAMP = int(NOW * 1000) - 5000
ANN = {"user_id": "42", "email": "ann@example.com"}


def an_event(kind: str = "user.updated", data: Any = ANN, **envelope: Any) -> bytes:
    return orjson.dumps({"type": kind, "data": data} | envelope)


def plan(value: bytes | None, *, topic: Topic | None = None, **given_: Any) -> Plan:
    """Plan one record; what is no field of a record is a setting of the planner."""
    of_record = {"topic", "partition", "offset", "timestamp", "key", "headers"} & set(given_)
    record = {"timestamp": STAMP} | {name: given_.pop(name) for name in of_record}
    planner = Planner(topics={"users": topic or Topic()}, **given_)
    return planner.plan(a_record(value=value, **record), NOW)


def planned(value: bytes | None, **given_: Any) -> Planned:
    found = plan(value, **given_)
    assert isinstance(found, Planned), found
    return found


def refused(value: bytes | None, **given_: Any) -> Refused:
    found = plan(value, **given_)
    assert isinstance(found, Refused), found
    return found


# -- what a plan says -----------------------------------------------------------------------


def test_a_plan_says_what_the_event_says() -> None:
    found = planned(an_event(id="e1", source="/shop", occurred_at=WHEN))

    assert (found.type, found.event_id) == ("user.updated", "e1")
    assert found.occurred_at == datetime(2026, 11, 24, 9, tzinfo=UTC)
    assert (found.refusal, found.ignored, found.notes) == (None, (), ())
    assert [call.identity for call in found.calls] == [event_identity("/shop", "e1")]


def test_an_event_without_an_id_is_known_by_where_it_lies() -> None:
    found = planned(an_event(), cluster="east", partition=3, offset=42)

    assert found.event_id is None
    assert found.calls[0].identity == record_identity("east", "users", 3, 42)


def test_an_event_without_a_source_has_an_empty_one() -> None:
    assert planned(an_event(id="e1")).calls[0].identity == event_identity("", "e1")


def test_the_id_of_a_cloudevent_goes_with_its_source() -> None:
    found = planned(orjson.dumps(ANN), headers=binary(type=b"user.updated"))

    assert found.calls[0].identity == event_identity("/shop", "e1")


def test_what_was_left_out_is_noted() -> None:
    data = ANN | {"phone": "12", "x": 1, "attributes": {"vip": 1}}

    found = planned(an_event(data=data))

    assert (found.ignored, found.notes) == (("x",), ("phone", "attributes.vip"))


def test_the_settings_reach_validation_and_mapping() -> None:
    data = {"phone": "0501234567", "attributes": {"vip": 1}}

    found = planned(
        an_event(data=data), phone_region="UA", options=Options(custom_fields={"vip": 7})
    )

    assert b'"380501234567"' in found.calls[0].item
    assert b'{"id":7,"value":"1"}' in found.calls[0].item


@pytest.mark.parametrize(
    ("given_", "data", "reason"),
    [
        ({"strict": True}, ANN | {"x": 1}, "schema.unknown_field"),
        ({"max_bytes": 10}, ANN, "decode.too_large"),
        (
            {"options": Options(invalid_field="reject")},
            ANN | {"phone": "12"},
            "ident.phone_ambiguous",
        ),
    ],
)
def test_the_settings_may_refuse(given_: dict[str, Any], data: Any, reason: str) -> None:
    assert refused(an_event(data=data), **given_).refusal.reason == reason


def test_a_refused_record_says_as_much_as_could_be_read() -> None:
    unread, unknown = refused(b"{"), refused(an_event("user.sang", id="e1"))
    wrong = refused(an_event(data={}, id="e1"))

    assert (unread.type, unread.event_id) == (UNKNOWN, None)
    assert (unknown.type, unknown.event_id) == ("user.sang", "e1")
    assert (wrong.type, wrong.event_id, wrong.refusal.field) == ("user.updated", "e1", "data")
    assert wrong.refusal.detail


@pytest.mark.parametrize("data", [{}, 1])
def test_a_type_that_is_endless_is_cut_short(data: object) -> None:
    assert refused(an_event("t" * 1000, data)).type == "t" * 256


# -- topics ---------------------------------------------------------------------------------


def test_data_alone_are_of_the_topics_type() -> None:
    of_users, value = Topic(type="user.updated"), orjson.dumps(ANN)

    assert planned(value, topic=of_users).type == "user.updated"
    assert refused(b"[]", topic=of_users).type == "user.updated"
    assert refused(value).refusal.field == "type"


def test_any_type_may_come_unless_the_topic_is_set_to_another() -> None:
    fixed = Topic(type="order.changed", is_type_fixed=True)

    assert planned(an_event(), topic=Topic(type="order.changed")).type == "user.updated"
    assert planned(an_event(), topic=Topic(is_type_fixed=True)).type == "user.updated"
    assert refused(an_event(), topic=fixed).refusal.reason == "schema.conflict"


# -- tombstones -----------------------------------------------------------------------------

DELETES = Topic(deletes=True)


def test_a_tombstone_is_skipped_by_a_rule() -> None:
    assert plan(None, key=b"42") == Skipped(rule="tombstone", type=UNKNOWN)


@pytest.mark.parametrize(
    "topic", [DELETES, Topic(type="user.updated", is_type_fixed=True, deletes=True)]
)
def test_a_tombstone_deletes_the_contact_of_its_key_where_it_means_that(topic: Topic) -> None:
    found = planned(None, key="ключ/42".encode(), topic=topic, offset=7)

    (call,) = found.calls
    assert (found.type, found.event_id) == ("user.deleted", None)
    assert call.request is not None
    assert call.request.query == (("externalCustomerId", "ключ/42"), ("erase", "false"))
    assert call.identity == record_identity("main", "users", 0, 7)
    assert found.occurred_at.timestamp() * 1000 == STAMP


@pytest.mark.parametrize("key", [None, b"", b"\xff"])
def test_a_tombstone_without_a_user_id_deletes_nobody(key: bytes | None) -> None:
    found = refused(None, key=key, topic=DELETES)

    assert (found.refusal.reason, found.refusal.field) == ("decode.tombstone", "key")
    assert found.type == "user.deleted"


@pytest.mark.parametrize(
    ("key", "reason"), [(b".", "ident.id_unsafe"), (b" ", "ident.missing_contact")]
)
def test_a_key_that_is_no_user_id_is_refused_as_one(key: bytes, reason: str) -> None:
    assert refused(None, key=key, topic=DELETES).refusal.reason == reason


# -- time -----------------------------------------------------------------------------------

OUT = {"channel": "email", "email": "ann@example.com"}
AT_RECORD = datetime.fromtimestamp(STAMP / 1000, UTC)
AT_NOW = datetime.fromtimestamp(NOW, UTC)


def test_without_a_time_the_time_of_the_record_serves() -> None:
    assert planned(an_event()).occurred_at == AT_RECORD


@pytest.mark.parametrize(
    ("timestamp", "reason", "field"),
    [
        (-1, "time.format", "occurred_at"),
        (0, "time.past", "occurred_at"),
        (int(NOW * 1000) + 86_400_001, "time.future", "occurred_at"),
        (10**18, "time.format", "timestamp"),
    ],
)
def test_a_record_of_no_possible_time_refuses_an_event_that_names_none(
    timestamp: int, reason: str, field: str
) -> None:
    found = refused(an_event(), timestamp=timestamp).refusal

    assert (found.reason, found.field) == (reason, field)
    assert planned(an_event(occurred_at=WHEN), timestamp=timestamp).notes == ()


@pytest.mark.parametrize(
    "time", ["x", 1_700_000_000, "2026-11-24T09:00:00", "9999-01-01T00:00:00Z"]
)
def test_no_fault_of_its_time_buries_an_opt_out(time: object) -> None:
    value = an_event(OPT_OUT, OUT, occurred_at=time)

    found, timeless = planned(value), planned(value, timestamp=-1)

    assert (found.occurred_at, found.notes) == (AT_RECORD, ("occurred_at",))
    assert (timeless.occurred_at, timeless.notes) == (AT_NOW, ("timestamp",))
    assert [call.action for call in found.calls] == ["add-unsubscribed"]


def test_an_opt_out_of_no_time_at_all_is_now() -> None:
    assert planned(an_event(OPT_OUT, OUT), timestamp=-1).occurred_at == AT_NOW


def test_an_opt_in_says_itself_when_it_was() -> None:
    assert planned(an_event(OPT_IN, OUT, occurred_at=WHEN)).calls
    assert refused(an_event(OPT_IN, OUT)).refusal.reason == "consent.no_time"
    assert refused(an_event(OPT_IN, OUT, occurred_at="x")).refusal.reason == "time.format"


def test_an_opt_out_whose_id_is_unusable_is_known_by_where_it_lies() -> None:
    found = planned(an_event(OPT_OUT, OUT, id=7, source="/shop"), offset=9)

    assert found.calls[0].identity == record_identity("main", "users", 0, 9)
    assert found.notes == ("id",)


# -- consent --------------------------------------------------------------------------------

TWICE = (
    b'{"type":"%b","occurred_at":"%b",'
    b'"data":{"channel":"email","email":"a@x.com","email":"b@x.com"}}'
)


def test_a_key_that_stands_twice_applies_an_opt_out_and_buries_it() -> None:
    found = planned(TWICE % (OPT_OUT.encode(), WHEN.encode()))

    assert [call.item for call in found.calls] == [b'"b@x.com"']
    assert found.refusal is not None
    assert found.refusal.reason == "consent.ambiguous"


ROUTED = Options(consent_routes={"sms": {"segment": 6}, "push": {"segment": 7}})
UNROUTED = Options()
BY_LIST, BY_SMS, BY_PUSH = "/v1/emails/unsubscribed/add", "/v1/group/6/", "/v1/group/7/"


@pytest.mark.parametrize(
    ("channels", "options", "paths"),
    [
        (("email", "sms"), UNROUTED, [BY_LIST]),
        (("sms", "email"), UNROUTED, [BY_LIST]),
        (("email", "sms"), ROUTED, [BY_LIST, BY_SMS]),
        (("sms", "email", "sms"), ROUTED, [BY_LIST, BY_SMS]),
        (("sms", "push"), ROUTED, [BY_SMS, BY_PUSH]),
        (("sms", "sms"), ROUTED, [BY_SMS]),
        (("sms", "all"), ROUTED, [BY_LIST, BY_SMS, BY_PUSH]),
        (("email", "fax"), ROUTED, [BY_LIST]),
        (("fax", "email"), ROUTED, [BY_LIST]),
        (("email", 7), ROUTED, [BY_LIST]),
    ],
)
def test_a_channel_that_stands_twice_is_an_opt_out_of_all_that_are_named(
    channels: tuple[object, ...], options: Options, paths: list[str]
) -> None:
    named = ",".join(f'"channel":{orjson.dumps(one).decode()}' for one in channels)
    found = planned(
        f'{{"type":"{OPT_OUT}","data":{{{named},"email":"a@x.com"}}}}'.encode(), options=options
    )

    told = [call.alone().path for call in found.calls]
    assert len(told) == len(paths)
    assert all(path.startswith(start) for path, start in zip(told, paths, strict=True)), told
    assert len({call.key for call in found.calls}) == len(paths)
    assert found.refusal is not None
    assert found.refusal.reason == "consent.ambiguous"


@pytest.mark.parametrize(
    ("data", "count"),
    [
        (b'{"channel":"sms","channel":"push","categories":["email"],"email":"a@x.com"}', 1),
        (b'{"channel":"sms","email":"a@x.com","meta":{"channel":"email","channel":"push"}}', 1),
        (b'{"channel":"fax","channel":"post","email":"a@x.com"}', 0),
    ],
)
def test_a_channel_that_stands_twice_says_nothing_of_categories_nor_elsewhere(
    data: bytes, count: int
) -> None:
    options = Options(consent_routes={"sms": {"segment": 6}, "email": {"segment": 8}})
    found = plan(b'{"type":"%b","data":%b}' % (OPT_OUT.encode(), data), options=options)

    assert len(found.calls if isinstance(found, Planned) else ()) == count


def test_an_opt_in_whose_channel_stands_twice_is_none() -> None:
    found = refused(
        b'{"type":"%b","occurred_at":"%b","data":{"channel":"email","channel":"sms",'
        b'"email":"a@x.com"}}' % (OPT_IN.encode(), WHEN.encode()),
        options=ROUTED,
    )

    assert found.refusal.reason == "consent.ambiguous"


def test_a_key_that_stands_twice_applies_no_opt_in() -> None:
    found = refused(TWICE % (OPT_IN.encode(), WHEN.encode()))

    assert found.refusal.reason == "consent.ambiguous"


def test_of_a_key_that_stands_twice_in_another_event_the_last_one_counts() -> None:
    found = planned(b'{"type":"user.updated","data":{"user_id":"1","user_id":"2"}}')

    assert found.calls[0].lanes == ("u:2",)


def test_what_can_be_told_is_told_before_the_rest_is_buried() -> None:
    found = planned(an_event(OPT_OUT, OUT | {"channel": "all"}))

    assert [call.slot for call in found.calls] == ["email"]
    assert found.refusal is not None
    assert found.refusal.reason == "consent.no_route"


# -- handlers -------------------------------------------------------------------------------


def routed(handle: Any) -> Any:
    return {"user.updated": replace(ROUTES["user.updated"], handle=handle)}


def test_a_bug_in_a_handler_costs_its_event_alone_and_tells_no_value() -> None:
    def fail(_event: object, _options: object) -> Mapped:
        raise KeyError("ann@example.com")

    found = refused(an_event(), routes=routed(fail)).refusal

    assert (found.reason, found.detail) == ("map.handler_error", "KeyError in the handler")


def test_a_handler_may_have_nothing_to_say() -> None:
    found = planned(an_event(), routes=routed(lambda _event, _options: Mapped()))

    assert (found.calls, found.refusal) == ((), None)


# -- whatever comes -------------------------------------------------------------------------

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=9)
    | st.sampled_from(
        [
            *("ann@example.com", "+380501234567", "uk", WHEN, "UAH", "email", "all", "delivered"),
            *("https://shop.example.com/", "push.js", "/", "19.90"),
        ]
    ),
    lambda part: (
        st.lists(part, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), part, max_size=3)
    ),
    max_leaves=6,
)


def data_of(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """The data of the type's example, with any values in some of its fields."""
    names = sorted(ROUTES[kind].model.json_schema()["properties"])
    example = orjson.loads((EXAMPLES / f"{kind.replace('.', '_')}.json").read_bytes())
    changes = st.dictionaries(st.sampled_from(names) | st.text(max_size=3), JSON, max_size=3)
    return changes.map(lambda changed: example["event"]["data"] | changed)


@pytest.mark.parametrize("kind", ROUTES)
@settings(max_examples=40)
@given(st.data())
def test_any_data_become_calls_or_a_reason(kind: str, data: st.DataObject) -> None:
    drawn = data.draw(data_of(kind))
    options = Options(
        consent_routes={"sms": {"segment": 1}}, custom_fields={"a": 1}, default_currency="UAH"
    )

    found = plan(an_event(kind, drawn, occurred_at=WHEN), options=options)

    assert not isinstance(found, Skipped)
    if isinstance(found, Refused):
        assert found.refusal.reason in set(Reason) - {Reason.HANDLER_ERROR}
        return
    for call in found.calls:
        body = call.alone().body
        assert body is None or orjson.loads(body) is not None
        assert call.lanes
        assert len(call.key) == 44


@given(
    st.binary(max_size=200),
    st.lists(st.tuples(st.text(max_size=9), st.none() | st.binary(max_size=9))).map(tuple),
    st.none() | st.binary(max_size=9),
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from([None, *ROUTES]),
)
def test_any_record_becomes_calls_a_rule_or_a_reason(
    value: bytes, headers: Any, key: bytes | None, timestamp: int, kind: str | None
) -> None:
    topic = Topic(type=kind, deletes=True)

    for one in (value, None):
        found = plan(one, topic=topic, headers=headers, key=key, timestamp=timestamp)
        assert isinstance(found, Planned | Skipped | Refused)


ORDER = {"order_id": "o", "status": "delivered", "total": 1, "date": WHEN, "currency": "UAH"}
LARGE: dict[str, tuple[str, Any]] = {
    "items": (
        "order.changed",
        ORDER | ANN | {"items": [{"product_id": "p" * 200, "quantity": 1}] * 1000},
    ),
    "members": ("segment.joined", {"segment_id": 1, "user_ids": [str(n) for n in range(500)]}),
    "a long e-mail": ("user.updated", {"user_id": "1", "email": "a." * 200_000 + "@example.com"}),
    "a long domain": ("user.updated", {"user_id": "1", "email": "a@" + "b-" * 200_000 + "c.com"}),
    "a long phone": ("user.updated", {"user_id": "1", "phone": "+380" + "1" * 500_000}),
    "a long name": ("user.updated", {"user_id": "1", "first_name": "a " * 200_000}),
    "a long text": ("order.changed", ORDER | ANN | {"source": "я" * 400_000}),
    "a long link": ("order.changed", ORDER | ANN | {"restore_url": "https://" + "a." * 400_000}),
    "long money": ("order.changed", ORDER | ANN | {"total": "1" * 900_000}),
    "a long activity": ("activity.recorded", {"name": "a" * 900_000, "user_id": "1"}),
    "many unknown fields": ("user.updated", ANN | {f"x{n}": n for n in range(9000)}),
}


@pytest.mark.parametrize(("kind", "data"), LARGE.values(), ids=LARGE)
def test_what_is_large_takes_no_second(kind: str, data: Any) -> None:
    value = an_event(kind, data)
    began = perf_counter()

    plan(value)

    assert perf_counter() - began < 1
