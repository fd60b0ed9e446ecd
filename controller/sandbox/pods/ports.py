"""Loopback ports: each container port of each pod is a real one on 127.0.0.1, the same one for the pod's life."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

_BACKLOG = 512
ProtocolFactory = Callable[[], asyncio.BaseProtocol]


def reserve(number: int = 0) -> socket.socket:
    """A socket bound to 127.0.0.1, on port ``number`` or a free one. Connections to it are refused.

    Raises OSError when the number is taken.
    """
    holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", number))
    except OSError:
        holder.close()
        raise
    holder.setblocking(False)
    return holder


def reserve_same(number: int) -> socket.socket:
    """Port ``number`` if it can be had, else any free one."""
    try:
        return reserve(number)
    except OSError:
        return reserve()


class Port:
    """One loopback port: refused while closed, served by ``factory``'s protocols while open."""

    def __init__(self, holder: socket.socket) -> None:
        self._holder: socket.socket | None = holder
        self._server: asyncio.Server | None = None
        self.number: int = holder.getsockname()[1]

    async def open(self, factory: ProtocolFactory) -> None:
        """Take connections. The number changes only where another program took it in between."""
        if self._server is None:
            holder = self._holder or reserve_same(self.number)
            self._holder = None
            self.number = holder.getsockname()[1]
            self._server = await asyncio.get_running_loop().create_server(factory, sock=holder, backlog=_BACKLOG)

    def close(self) -> None:
        """Refuse new connections from now on; those that are open stay with their protocol."""
        if self._server is not None:
            self._server.close()
            self._server = None
            # Held again at once, so that nobody else gets the number while the container restarts.
            self._holder = reserve_same(self.number)

    def release(self) -> None:
        """Give the number back."""
        self.close()
        if self._holder is not None:
            self._holder.close()
            self._holder = None
