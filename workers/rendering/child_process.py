"""One render child as the worker holds it: started, talked to, measured, killed."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import msgspec
import psutil

from domain.errors import DocumentTooHeavy
from workers.rendering.protocol import HEADER, LAST_REPLIES, MESSAGE_LIMIT_BYTES, Failed, Ready, Reply, Task

TASKS_PER_CHILD = 200
RSS_LIMIT_BYTES = 1024**3
START_TIMEOUT_S = 30.0
"""Importing pymupdf takes 1–2 s, more on a machine that is busy."""

_TREE = Path(__file__).resolve().parents[2]
_REPLIES = msgspec.msgpack.Decoder(Reply)


class ChildDied(Exception):
    """The child ended without an answer, by a crash or by a kill from outside."""


class ChildProcess:
    """Handles one task at a time. When a task did not come to its last reply, the child is not usable any more.

    `holds` is the sha256 of the document that it keeps open, if any: its user says so.
    """

    def __init__(self) -> None:
        self._is_spent = self._is_busy = False
        self.confined_by: tuple[str, ...] = ()
        self.holds = ""
        self._tasks_done = 0
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        self._channel = ours
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "workers.rendering.child", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd=_TREE,
                # One thread of numpy's: a process with several cannot leave the network's namespace.
                env={
                    "PATH": os.defpath,
                    "LC_ALL": "C.UTF-8",
                    "PYTHONDONTWRITEBYTECODE": "1",
                    "OPENBLAS_NUM_THREADS": "1",
                },
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    async def wait_ready(self) -> None:
        """Wait until the child has confined itself. Raises ChildDied."""
        reply = await self._receive(START_TIMEOUT_S)
        if not isinstance(reply, Ready):
            raise ChildDied(f"said {reply}")
        self.confined_by = reply.confined_by

    async def ask(
        self, task: Task, descriptor: int, *, timeout_s: float, heard: Callable[[Reply], None] | None = None
    ) -> Reply:
        """The last reply to a task; those before it go to `heard`. `timeout_s` is for each of them.

        Raises DocumentTooHeavy when a reply takes longer or the CPU limit ended the child, ChildDied otherwise.
        """
        self._is_busy = True
        body = msgspec.msgpack.encode(task)
        try:
            socket.send_fds(self._channel, [HEADER.pack(len(body))], [descriptor])
            await asyncio.get_running_loop().sock_sendall(self._channel, body)
        except OSError:
            await self._raise_death()
        while not isinstance(reply := await self._receive(timeout_s), LAST_REPLIES):
            if heard:
                heard(reply)
        self._is_busy = False
        self._tasks_done += 1
        self._is_spent = self._is_worn() or (isinstance(reply, Failed) and reply.spent)
        return reply

    def is_usable(self) -> bool:
        """Whether it may be given another task."""
        return not self._is_busy and not self._is_spent and self._process.poll() is None

    async def kill(self) -> None:
        """End the process and take its status; safe to call twice."""
        self._channel.close()
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await asyncio.to_thread(self._process.wait)

    async def _receive(self, timeout_s: float) -> Reply:
        try:
            async with asyncio.timeout(timeout_s):
                (length,) = HEADER.unpack(await self._receive_exactly(HEADER.size))
                if length > MESSAGE_LIMIT_BYTES:
                    raise ChildDied(f"a reply of {length} bytes")
                body = await self._receive_exactly(length)
        except TimeoutError as late:
            raise DocumentTooHeavy(f"no answer within {timeout_s} s") from late
        return _REPLIES.decode(body)

    async def _receive_exactly(self, length: int) -> bytearray:
        loop = asyncio.get_running_loop()
        received = bytearray()
        while len(received) < length:
            try:
                piece = await loop.sock_recv(self._channel, min(length - len(received), 1 << 20))
            except ConnectionResetError:
                piece = b""
            if not piece:
                await self._raise_death()
            received += piece
        return received

    async def _raise_death(self) -> NoReturn:
        code = await asyncio.to_thread(self._process.wait)
        if code == -signal.SIGXCPU:
            raise DocumentTooHeavy("CPU limit")
        raise ChildDied(f"exit code {code}")

    def _is_worn(self) -> bool:
        """Replaced before leaks and fragments of its memory add up (DESIGN §6)."""
        try:
            rss_bytes = psutil.Process(self._process.pid).memory_info().rss
        except psutil.NoSuchProcess:
            return True
        return self._tasks_done >= TASKS_PER_CHILD or rss_bytes > RSS_LIMIT_BYTES
