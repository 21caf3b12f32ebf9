"""Static tokens from the command line, for operators: `python -m api.tokens first-admin` and `… issue NAME`."""

import argparse
import asyncio
import os

from api.auth import new_static_token
from domain.family_list import FAMILIES, end_hooks
from storage.database import open_engine, open_sessions
from storage.outbox import Outbox
from storage.settings import read_storage_settings
from storage.uow import Database


async def first_admin(database: Database) -> str | None:
    """Make the user `admin` with a token, only when there is no user at all; null otherwise."""
    async with database.uow() as uow:
        if await uow.users.count():
            return None
        token = new_static_token()
        user = await uow.users.add("admin", "admin")
        await uow.users.add_token(user.id, token, "first start")
        await uow.users.audit(None, "user.created", str(user.id), role="admin")
        await uow.commit()
    return token


async def issue(database: Database, username: str, role: str) -> str:
    """A new token for the user, who is made with `role` if there is none of this name."""
    token = new_static_token()
    async with database.uow() as uow:
        user = await uow.users.by_name(username) or await uow.users.add(username, role)
        await uow.users.add_token(user.id, token, "command line")
        await uow.users.audit(None, "token.created", str(user.id))
        await uow.commit()
    return token


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m api.tokens", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("first-admin", help="print an admin's token if there is no user yet")
    issuing = commands.add_parser("issue", help="print a new token of a user")
    issuing.add_argument("username")
    issuing.add_argument("--role", choices=("user", "premium", "admin"), default="user")
    arguments = parser.parse_args()
    asyncio.run(_run(arguments))


async def _run(arguments: argparse.Namespace) -> None:
    engine = open_engine(read_storage_settings(os.environ).database_url, name="tokens", pool_size=1)
    database = Database(open_sessions(engine), _tell_nobody, on_end=end_hooks(FAMILIES))
    try:
        if arguments.command == "issue":
            print(await issue(database, arguments.username, arguments.role))
        elif (token := await first_admin(database)) is not None:
            print(f"Admin token (shown once): {token}")
    finally:
        await engine.dispose()


async def _tell_nobody(_: Outbox) -> None:
    """These transactions have no events."""


if __name__ == "__main__":
    main()
