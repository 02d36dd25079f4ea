"""Membership of segments, by id."""

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.base import Data
from schemas.identity import UserId

MAX_MEMBERS = 500
_Positive = Annotated[int, Field(ge=1, lt=2**63)]


class _Members(Data):
    segment_id: Annotated[int, Field(ge=1, lt=2**31)]
    contact_ids: Annotated[list[_Positive], Field(min_length=1, max_length=MAX_MEMBERS)] | None = (
        None
    )
    user_ids: Annotated[list[UserId], Field(min_length=1, max_length=MAX_MEMBERS)] | None = None

    @model_validator(mode="after")
    def _names_members(self) -> Self:
        if self.contact_ids is None and self.user_ids is None:
            raise PydanticCustomError(
                "schema.missing", "names no members; send contact_ids or user_ids"
            )
        if self.contact_ids is not None and self.user_ids is not None:
            raise PydanticCustomError(
                "schema.conflict", "names contact_ids and user_ids; send one of them"
            )
        return self


class SegmentJoined(_Members):
    """People joined a segment."""


class SegmentLeft(_Members):
    """People left a segment."""
