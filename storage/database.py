"""The connection pool and what counts as the database being away."""

import asyncpg
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from storage.direct import Direct

Sessions = async_sessionmaker[AsyncSession]


def open_engine(url: str, *, name: str, pool_size: int = 16) -> AsyncEngine:
    """A pool of at most `pool_size` connections, kept once opened. `name` shows in pg_stat_activity.

    No overflow: such connections are closed after each use, and opening one costs more than a statement. No
    pre-ping: it would cost a round trip per transaction; a dead connection is recognised by `is_outage`.
    A statement may take 30 s, a lock 10 s, a forgotten transaction 60 s.
    """
    return create_async_engine(
        url,
        pool_size=pool_size,
        # The connection used last comes first: it has the statements prepared already (a search: 93 → 52 ms).
        pool_use_lifo=True,
        max_overflow=0,
        pool_timeout=10,
        pool_recycle=1800,
        # Failed statements are logged, texts of users are not.
        hide_parameters=True,
        connect_args={
            "timeout": 5,
            "server_settings": {
                "application_name": f"aizoomdoc-{name}",
                "statement_timeout": "30000",
                "lock_timeout": "10000",
                "idle_in_transaction_session_timeout": "60000",
                "jit": "off",
            },
        },
    )


def in_autocommit(engine: AsyncEngine) -> Direct:
    """For single statements that need no transaction around them: one round trip instead of three."""
    return Direct(engine)


def open_sessions(engine: AsyncEngine) -> Sessions:
    return async_sessionmaker(engine, expire_on_commit=False, autoflush=False)


def is_unstorable(error: BaseException) -> bool:
    """True when a text holds U+0000, which PostgreSQL's text and jsonb cannot."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError)):
            return True
        cause = cause.__cause__
    return False


def is_outage(error: BaseException) -> bool:
    """True when the database cannot do it now: worth trying again, nothing said about the statement."""
    if isinstance(error, (ConnectionError, TimeoutError, OSError, InterfaceError)):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    cause = error.orig if isinstance(error, DBAPIError) else error
    while cause is not None:
        if isinstance(cause, (*_AWAY, ConnectionError)):
            return True
        cause = cause.__cause__
    return isinstance(error, OperationalError)


_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # A connection that dies in the middle of a reply leaves asyncpg in a state that it does not know.
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InsufficientResourcesError,
    # A standby, just before it takes over.
    asyncpg.ReadOnlySQLTransactionError,
    # Two waited for each other, or one for too long: rolled back, worth the same try again.
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
)
