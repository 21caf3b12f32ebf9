"""The declarative base of every table: UUIDv7 keys, JSONB for objects, timestamps with a zone.

Own registry instead of advanced-alchemy's ready bases: its `JsonB` breaks on SQLAlchemy 2.1 and its UUIDv7 base falls
back to random UUIDs (dependencies.md §2).
"""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from advanced_alchemy.base import CommonTableAttributes, convention
from advanced_alchemy.types import GUID, DateTimeUTC
from sqlalchemy import MetaData, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncAttrs
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry

from domain.ids import new_id

orm_registry = registry(
    metadata=MetaData(naming_convention=convention),
    type_annotation_map={UUID: GUID, datetime: DateTimeUTC, dict[str, Any]: JSONB, list[Any]: JSONB},
)

CreatedAt = Annotated[datetime, mapped_column(server_default=func.now())]
"""Set by PostgreSQL's clock when the row is inserted."""


class PlainBase(CommonTableAttributes, AsyncAttrs, DeclarativeBase):
    """For tables with a key of their own."""

    __abstract__ = True
    registry = orm_registry


class Base(PlainBase):
    """For tables whose key is an id of ours."""

    __abstract__ = True
    id: Mapped[UUID] = mapped_column(default=new_id, primary_key=True, sort_order=-100)
