"""Reading and changing switches."""

from typing import Any

import pytest

from esputnik.sandbox.switches import Switches
from esputnik.sandbox.switching import change, read_switches, shown


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("retry_after=7", 7),
        ("retry_after=none", None),
        ("max_emails=null", None),
        ("rate_limits=false", False),
        ("import_seconds=1.5", 1.5),
        ("unknown_field=ignore", "ignore"),
        ("unknown_segment=404", "404"),
        ("webpush_status=A=B", "A=B"),
        ("taken=a.com, b.com,", frozenset({"a.com", "b.com"})),
        ("taken=", frozenset()),
        ("forbidden=add-orders,add-contact", frozenset({"add-orders", "add-contact"})),
        ("limits=search=10,event = 5", {"search": 10, "event": 5}),
    ],
)
def test_a_switch_is_typed_as_name_and_value(text: str, value: object) -> None:
    name = text.partition("=")[0]

    switches = read_switches([text])

    assert getattr(switches, name) == value
    assert switches.model_dump(exclude={name}) == Switches().model_dump(exclude={name})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("retry_after", "'retry_after' is not a switch; write NAME=VALUE, such as retry_after=1"),
        ("retry_aftr=1", r"retry_aftr: is not known; did you mean retry_after\?"),
        ("colour=red", "colour: is not known; use one of api_key, forbidden"),
        ("retry_after=soon", "retry_after: Input should be a valid integer"),
        ("retry_after=-1", "retry_after: Input should be greater than or equal to 0"),
        ("rate_limits=maybe", "rate_limits: Input should be a valid boolean"),
        ("unknown_field=no", "unknown_field: Input should be '400' or 'ignore'"),
        ("forbidden=add-ordrs", r"forbidden: add-ordrs is not a call; did you mean add-orders\?"),
        ("forbidden=x", "forbidden: x is not a call; use one of add-contact"),
        ("limits=serch=10", r"limits\.serch.*: Input should be 'default'"),
        ("limits=search", r"limits\.search: Input should be a valid integer"),
        ("forbidden_status=200", "forbidden_status: Input should be greater than or equal to 400"),
    ],
)
def test_a_switch_that_is_none_is_refused_with_what_to_write(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_switches([text])


def test_every_fault_is_told() -> None:
    with pytest.raises(ValueError, match=r"colour: .*; shape: "):
        read_switches(["colour=red", "shape=round"])


def test_json_tells_switches_too() -> None:
    switches = Switches()

    names = change(switches, {"retry_after": None, "taken": ["a.com"], "limits": {"search": 1}})

    assert names == {"retry_after", "taken", "limits"}
    assert (switches.taken, dict(switches.limits)) == (frozenset({"a.com"}), {"search": 1})


@pytest.mark.parametrize("told", [[], None, "x", {"taken": 7}, {"limits": [1]}])
def test_json_of_another_form_is_refused_and_changes_nothing(told: Any) -> None:
    switches = Switches()

    with pytest.raises(ValueError, match="Input should be"):
        change(switches, told)

    assert switches == Switches()


def test_switches_are_shown_without_the_key() -> None:
    told = shown(read_switches(["taken=b.com,a.com", "api_key=secret"]))

    assert told["taken"] == ["a.com", "b.com"]
    assert set(told) == set(Switches.model_fields) - {"api_key"}
