# Copyright 2026 jepa_ros contributors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""A small web server beside a node: the page, a stream to it, and its two buttons."""

import asyncio
from dataclasses import dataclass
import errno
import logging
from pathlib import Path
import socket
import threading
from typing import Protocol

from tornado.httpserver import HTTPServer
from tornado.web import Application

from jepa_ros.web import guard
from jepa_ros.web.board import Board
from jepa_ros.web.handlers import Button, Files, Stream

PAGE = Path(__file__).parent / 'page'
_END_S = 5.0


class Desk(Protocol):
    """Who does what the buttons ask for; each returns '' where it was sent, else why not."""

    def stop(self) -> str:
        """Stop the robot."""

    def reset(self) -> str:
        """Undo a stop."""


@dataclass(frozen=True)
class Address:
    """Where to listen: ``port`` 0 takes any that is free; ``expose`` lets other machines in."""

    host: str = '127.0.0.1'
    port: int = 8765
    expose: bool = False

    def __post_init__(self) -> None:
        """Refuse what would be open by accident; ValueError names it."""
        guard.check_host(self.host, self.expose)
        if not 0 <= self.port < 65536:
            raise ValueError(f'port is {self.port}, must be in [0, 65535]')


class Server:
    """
    Serve a board from a thread of its own.

    The port is taken when it is made, OSError where that cannot be; ``start`` begins to answer.
    """

    def __init__(self, board: Board, address: Address) -> None:
        self._address = address
        try:
            self._socket = socket.create_server(
                (address.host, address.port), backlog=64,
                family=socket.AF_INET6 if ':' in address.host else socket.AF_INET)
        except OSError as error:
            raise OSError(_bind_words(address, error)) from error
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]
        name = f'[{address.host}]' if ':' in address.host else address.host
        self.url = f'http://{name}:{self.port}/'
        self.board = board
        self.pages: set[Stream] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: asyncio.Event | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name='web', daemon=True)

    def start(self, desk: Desk) -> None:
        """Begin to answer; the buttons ask ``desk``."""
        # why a request is refused, and a stop that is not sent, are the browser's to show
        logging.getLogger('tornado.access').setLevel(logging.CRITICAL)
        self._desk = desk
        self._thread.start()
        self._ready.wait()

    def close(self) -> None:
        """End every stream and the thread, and free the port."""
        if self._thread.is_alive() and self._loop is not None and self._ending is not None:
            self._loop.call_soon_threadsafe(self._ending.set)
            self._thread.join(_END_S)
        self._socket.close()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        to_us = {'names': guard.names_of(self._address.host), 'expose': self._address.expose}
        server = HTTPServer(Application([
            ('/stream', Stream, {'board': self.board, 'pages': self.pages, **to_us}),
            ('/stop', Button, {'press': self._desk.stop, **to_us}),
            ('/reset', Button, {'press': self._desk.reset, **to_us}),
            ('/(.*)', Files, {'path': str(PAGE), 'default_filename': 'index.html',
                              **to_us}),
        ], websocket_ping_interval=5, websocket_ping_timeout=5, websocket_max_message_size=1024,
            compress_response=False), max_body_size=1024, idle_connection_timeout=60)
        server.add_sockets([self._socket])
        self._ready.set()
        await self._ending.wait()
        server.stop()
        for page in list(self.pages):
            page.close(1001, 'jepa watch has ended')
        await asyncio.sleep(0.05)       # the last words get out
        await server.close_all_connections()


def _bind_words(address: Address, error: OSError) -> str:
    where = f'port {address.port} of {address.host}'
    if error.errno == errno.EADDRINUSE:
        return (f'{where} is in use, by another jepa watch perhaps; take another with '
                '--port N, or any that is free with --port 0')
    if error.errno == errno.EACCES:
        return f'{where} is not for ordinary users; take one from 1024 on with --port N'
    return f'cannot listen on {where}: {error.strerror or error}'
