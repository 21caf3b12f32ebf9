"""What the embedded servers have in common: one loopback port, an address, a folder of data."""

import importlib.util
import os
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from launch.places import LaunchError, forget_port, is_free, kept_port
from launch.processes import Child

PASSED_ON = ("HOME", "PATH", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class Server(Child):
    """A child that listens on one loopback port; `port`, `url` and `env` are known once it was started."""

    def __init__(self, name: str, data_dir: Path) -> None:
        super().__init__(name, data_dir)
        self.home = self.data_dir / name
        self.port = 0
        self._was_ready = False

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients connect, with the secrets they need."""

    @property
    @abstractmethod
    def env(self) -> dict[str, str]:
        """The environment variables by which the api and the workers find this server."""

    def start(self) -> Self:
        """Like `Child.start`; moves to another port if somebody took the chosen one before the first start."""
        try:
            super().start()
        except LaunchError:
            if self._was_ready or self.is_running() or is_free(self.port):
                raise
            forget_port(self.data_dir, self.name)
            self.port = 0
            super().start()
        self._was_ready = True
        return self

    def revive(self) -> None:
        """Like `Child.revive`, and waits: who comes after it needs it."""
        with self._guard:
            if self.is_wanted:
                self.start()

    def prepare(self) -> None:
        """Settles the port and makes the folder of the data."""
        super().prepare()
        self.home.mkdir(parents=True, exist_ok=True)
        self.port = self.port or kept_port(self.data_dir, self.name)

    def working_directory(self) -> Path:
        """The folder of the data."""
        return self.home

    def environment(self) -> Mapping[str, str]:
        """A clean environment: the user's PG* and RCLONE_* variables must not change these servers."""
        return {name: os.environ[name] for name in PASSED_ON if name in os.environ} | {"LC_ALL": "C"}


def package_folder(package: str) -> Path:
    """Where an installed package lies, without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise LaunchError(f"the package {package} is not installed")
    return Path(spec.submodule_search_locations[0])
