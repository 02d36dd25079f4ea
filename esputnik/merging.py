"""Merges successive calls about one contact or one order into one item of a bulk request.

What goes out is what the calls would have left behind one after the other: a field the later one
does not name keeps what the earlier one said, a null clears, the later word wins.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import orjson

from esputnik import requests
from esputnik.call import Action, Call, Shape
from esputnik.json_text import json_text

ORDER = (
    *("email", "sms", "firstName", "lastName", "languageCode", "timeZone"),
    *("region", "town", "address", "postcode", "externalCustomerId"),
)
_CHANNELS = frozenset({"email", "sms"})
_ADDRESS = frozenset({"region", "town", "address", "postcode"})
_ID = "externalCustomerId"
_BUYER = (_ID, "email", "phone", "firstName", "lastName")  # of an order; they make a contact
_INFO = "additionalInfo"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    """What the items of an import have in common."""

    dedupe_on: str
    fields: tuple[str, ...]
    custom: tuple[int, ...]
    groups: tuple[str, ...]
    restores: bool


def merged(first: Call, second: Call, *, any_status: bool = False) -> Call | None:
    """Return one call that does what both would do in this order; None where there is none.

    `any_status`: successive states of one order become one whatever their status; otherwise only
    those of one status, since each status may start a workflow.
    """
    one, other = first.shape, second.shape
    if one is None or other is None or first.lookups or second.lookups:
        return None
    if one.is_import and other.is_import:
        return _merged_contacts(first, second, scope_of(one), scope_of(other))
    if one is other and one.action is Action.ADD_ORDERS:
        return _merged_orders(first, second, any_status=any_status)
    return None


def _merged_orders(first: Call, second: Call, *, any_status: bool) -> Call | None:
    """An order event says how the order is now, so the later one stands for both.

    It does where it names all that the earlier one names: no document says whether an order that
    is sent again keeps or loses what it leaves out, nor whether stores share the ids of orders.
    """
    if first.marks != second.marks:
        return None
    before, after = orjson.loads(first.item), orjson.loads(second.item)
    alike = ("storeId", *_BUYER) if any_status else ("status", "storeId", *_BUYER)
    if any(before.get(name) != after.get(name) for name in alike):
        return None
    if not before.keys() <= after.keys():
        return None
    if _INFO in before and not before[_INFO].keys() <= after[_INFO].keys():
        return None
    return replace(second, lanes=_union(first, second))


def _merged_contacts(first: Call, second: Call, one: _Scope, other: _Scope) -> Call | None:
    if (one.dedupe_on, one.groups, one.restores) != (other.dedupe_on, other.groups, other.restores):
        return None
    before, after = orjson.loads(first.item), orjson.loads(second.item)
    if not _is_same(before, after, one.dedupe_on):
        return None
    shape = requests.bulk_contacts(
        dedupe_on=one.dedupe_on,
        contact_fields=tuple(name for name in ORDER if name in {*one.fields, *other.fields}),
        custom_fields_ids=tuple(sorted({*one.custom, *other.custom})),
        group_names=one.groups,
        restore_deleted=one.restores,
    )
    return replace(
        second,
        action=Action.BULK_CONTACTS,
        request=None,
        shape=shape,
        item=json_text(_merged_item(before, after, other)),
        lanes=_union(first, second),
        marks=first.marks | second.marks,
    )


def _is_same(before: Mapping[str, Any], after: Mapping[str, Any], dedupe_on: str) -> bool:
    """Tell whether both items find one contact: a name shared in passing is not enough."""
    if before.get(_ID) != after.get(_ID):
        return False
    finders = _CHANNELS & set(dedupe_on.split("_or_"))
    held, named = _channels(before), _channels(after)
    return all(_folded(held.get(kind)) == _folded(named.get(kind)) for kind in finders)


def _merged_item(
    before: Mapping[str, Any], after: Mapping[str, Any], later: _Scope
) -> dict[str, Any]:
    kept = {name: value for name, value in before.items() if name not in later.fields}
    item = kept | {name: value for name, value in after.items() if name != "fields"}
    channels = {kind: v for kind, v in _channels(before).items() if kind not in later.fields}
    channels |= _channels(after)
    item["channels"] = [
        {"type": kind, "value": channels[kind]} for kind in ("email", "sms") if kind in channels
    ]
    address = _outside(before.get("address"), later.fields) | dict(after.get("address") or {})
    custom = _custom(before, leave=later.custom) | _custom(after)
    item.pop("address", None)
    item.pop("fields", None)
    if address:
        item["address"] = address
    if custom:
        item["fields"] = [{"id": number, "value": text} for number, text in custom.items()]
    return item


def _outside(address: Mapping[str, Any] | None, fields: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in (address or {}).items() if name not in fields}


def _custom(item: Mapping[str, Any], leave: tuple[int, ...] = ()) -> dict[int, str]:
    fields = item.get("fields") or ()
    return {field["id"]: field["value"] for field in fields if field["id"] not in leave}


def _channels(item: Mapping[str, Any]) -> dict[str, str]:
    return {channel["type"]: channel["value"] for channel in item["channels"]}


def _folded(value: str | None) -> str | None:
    return value.lower() if value is not None else None


def _union(first: Call, second: Call) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*second.lanes, *first.lanes)))


@lru_cache(maxsize=4096)
def scope_of(shape: Shape) -> _Scope:
    """Return what an import's tail says."""
    told = orjson.loads(b"{" + shape.tail.removeprefix(b"],"))
    return _Scope(
        dedupe_on=told["dedupeOn"],
        fields=tuple(told["contactFields"]),
        custom=tuple(told.get("customFieldsIDs", ())),
        groups=tuple(told.get("groupNames", ())),
        restores=told["restoreDeleted"],
    )
