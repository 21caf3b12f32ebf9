"""`python -m launch.check_migrations`: applies all migrations to a new database and compares it with the tables."""

import subprocess
import sys
import tempfile
from pathlib import Path

from launch.servers import PostgresServer
from launch.stack import REPOSITORY

STEPS = (("upgrade", "head"), ("check",))


def main() -> int:
    """The exit code of the first alembic command that fails, else 0."""
    with tempfile.TemporaryDirectory() as folder:
        # PostgreSQL may run as another user than root, who must be able to pass through.
        Path(folder).chmod(0o755)
        with PostgresServer(Path(folder), durable=False) as server:
            for step in STEPS:
                code = subprocess.run(
                    [sys.executable, "-m", "alembic", *step],
                    cwd=REPOSITORY,
                    env={**server.environment(), **server.env},
                    check=False,
                ).returncode
                if code != 0:
                    return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
