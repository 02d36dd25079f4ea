"""Membership of segments, by id."""

from typing import Annotated, Required

from pydantic import Field
from typing_extensions import TypedDict

from schemas.identity import UserId
from schemas.model import Model, named
from schemas.problem import Problem

MAX_MEMBERS = 500
SegmentId = Annotated[int, Field(ge=1, lt=2**31)]
ContactId = Annotated[int, Field(ge=1, lt=2**63)]


class Members(TypedDict, total=False):
    """People and a segment; they are named by eSputnik's ids or by ours."""

    segment_id: Required[SegmentId]
    contact_ids: Annotated[list[ContactId], Field(min_length=1, max_length=MAX_MEMBERS)] | None
    user_ids: Annotated[list[UserId], Field(min_length=1, max_length=MAX_MEMBERS)] | None


class SegmentJoined(Members, total=False):
    """1 to 500 contacts joined a segment; send `contact_ids` or `user_ids`."""


class SegmentLeft(Members, total=False):
    """1 to 500 contacts left a segment; send `contact_ids` or `user_ids`."""


def _named_once(data: Members) -> Problem | None:
    kinds = [name for name in ("contact_ids", "user_ids") if data.get(name) is not None]
    match kinds:
        case [_]:
            return None
        case []:
            reason, detail = "schema.missing", "has no members; send contact_ids or user_ids"
        case _:
            reason, detail = "schema.conflict", "has contact_ids and user_ids; send one of them"
    return Problem(reason=reason, field="data", detail=detail)


_RULES = {"oneOf": [named("contact_ids"), named("user_ids")]}
SEGMENT_JOINED = Model(SegmentJoined, check=_named_once, rules=_RULES)
SEGMENT_LEFT = Model(SegmentLeft, check=_named_once, rules=_RULES)
