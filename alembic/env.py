"""Alembic's environment: asyncpg, one transaction per migration. No `__init__.py` may stand in this folder: it would
hide the installed package (dependencies.md §2)."""

import asyncio
import os
from typing import Any

from advanced_alchemy.types import GUID, DateTimeUTC
from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine

from alembic import context
from storage.settings import async_url
from storage.tables import orm_registry


def render_item(kind: str, item: Any, _: Any) -> str | bool:
    """Write plain SQLAlchemy types into migrations, so that they need none of our code."""
    if kind == "type" and isinstance(item, GUID):
        return "sa.Uuid()"
    if kind == "type" and isinstance(item, DateTimeUTC):
        return "sa.DateTime(timezone=True)"
    return False


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=orm_registry.metadata,
        render_item=render_item,
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        connection.exec_driver_sql("set lock_timeout = '10s'")
        context.run_migrations()


async def migrate_online() -> None:
    engine = create_async_engine(async_url(os.environ["DATABASE_URL"]), poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


if context.is_offline_mode():
    context.configure(
        url=async_url(os.environ["DATABASE_URL"]), target_metadata=orm_registry.metadata, literal_binds=True
    )
    with context.begin_transaction():
        context.run_migrations()
else:
    asyncio.run(migrate_online())
