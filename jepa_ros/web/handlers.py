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

"""What the server answers: files of the page, its buttons, its stream, and no other page."""

import asyncio
from collections.abc import Callable
import json
import logging
from typing import Any

from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, RequestHandler, StaticFileHandler
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from jepa_ros.web import guard
from jepa_ros.web.board import Board, Seen

# a round of news to each page, at most so often
ROUND_S = 1 / 15
# more pages than anybody looks at
MOST_PAGES = 8
_HEADERS = {
    'Content-Security-Policy': "default-src 'none'; script-src 'self'; style-src 'self'; "
                               "img-src 'self' data:; connect-src 'self'; base-uri 'none'; "
                               "form-action 'none'; frame-ancestors 'none'",
    # in a frame of another page a click could be led to a button of ours
    'X-Frame-Options': 'DENY',
    'X-Content-Type-Options': 'nosniff',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
}


class Guarded(RequestHandler):
    """A handler that answers to our own name only, and says nothing to other pages."""

    _names: frozenset[str]
    _expose: bool

    def set_default_headers(self) -> None:
        """Let the browser run nothing but our own files, and show them in no other's frame."""
        for name, value in _HEADERS.items():
            self.set_header(name, value)

    def prepare(self) -> None:
        """Refuse a Host that is not ours."""
        refused = guard.refuse_host(self.request.host, self._names, self._expose)
        if refused:
            raise HTTPError(403, reason='Forbidden', log_message=refused)

    def write_error(self, status_code: int, **given: Any) -> None:
        """Answer in plain words."""
        error = (given.get('exc_info') or (None, None))[1]
        said = error.log_message if isinstance(error, HTTPError) else None
        self.set_header('Content-Type', 'text/plain; charset=utf-8')
        self.finish(f'{status_code}: {said or self._reason}\n')


class Files(Guarded, StaticFileHandler):
    """The files of the page."""

    def initialize(  # type: ignore[override]   # newer Tornados have an argument more
            self, path: str, default_filename: str, names: frozenset[str], expose: bool) -> None:
        """Take what the server hands over."""
        self._names, self._expose = names, expose
        StaticFileHandler.initialize(self, path, default_filename)

    def set_extra_headers(self, path: str) -> None:
        """Keep no copy: a newer version must not meet an older page."""
        self.set_header('Cache-Control', 'no-store')


class Button(Guarded):
    """A button of the page, pressed by a POST of the page itself."""

    def initialize(self, names: frozenset[str], expose: bool,
                   press: Callable[[], str]) -> None:
        """Take what the server hands over."""
        self._names, self._expose, self._press = names, expose, press

    def post(self) -> None:
        """Do it; 503 where it cannot be sent to the robot."""
        refused = guard.refuse_origin(self.request.headers.get('Origin', ''), self.request.host)
        if refused:
            raise HTTPError(403, reason='Forbidden', log_message=refused)
        failure = self._press()
        if failure:
            self.set_status(503)
        self.write({'sent': not failure, 'why': failure})


class Stream(Guarded, WebSocketHandler):
    """
    What one page is sent: a round of the newest, and the next when it has said 'go on'.

    So a slow page, or a slow network, gets fewer rounds, and nothing is kept for it meanwhile.
    """

    def initialize(self, names: frozenset[str], expose: bool, board: Board,
                   pages: 'set[Stream]') -> None:
        """Take what the server hands over; ``pages`` are those that are open."""
        self._names, self._expose, self._board, self._pages = names, expose, board, pages
        self._seen = Seen()
        self._asked = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.rounds = 0

    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Open the stream for our own page, if there are not too many."""
        refused = guard.refuse_origin(self.request.headers.get('Origin', ''), self.request.host)
        if refused:
            raise HTTPError(403, reason='Forbidden', log_message=refused)
        if len(self._pages) >= MOST_PAGES:
            raise HTTPError(503, log_message=f'{MOST_PAGES} pages are open, limit {MOST_PAGES}')
        await super().get(*args, **kwargs)

    def check_origin(self, origin: str) -> bool:
        """Accept what ``get`` has let through."""
        return not guard.refuse_origin(origin, self.request.host)

    def open(self, *args: str, **kwargs: str) -> None:  # noqa: A003  its name in Tornado
        """Begin with everything that is known."""
        self.set_nodelay(True)
        self._pages.add(self)
        self._asked.set()
        self._task = asyncio.get_running_loop().create_task(self._send())

    def on_message(self, message: str | bytes) -> None:
        """Hear that the page has drawn a round."""
        self._asked.set()

    def on_close(self) -> None:
        """Forget the page."""
        self._pages.discard(self)
        if self._task is not None:
            self._task.cancel()

    async def _send(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                await self._asked.wait()
                self._asked.clear()
                began_s = loop.time()
                news = self._board.news(self._seen)
                for name, shot in news.pictures.items():
                    await self.write_message(_packed(name, shot.jpeg()), binary=True)
                await self.write_message(json.dumps(news.state, allow_nan=False))
                self.rounds += 1
                await asyncio.sleep(max(0.0, began_s + ROUND_S - loop.time()))
        except (WebSocketClosedError, StreamClosedError):
            pass
        except Exception:
            # the page is told, and comes again
            logging.getLogger('jepa_ros').exception('a round could not be made')
            self.close(1011, 'a round could not be made')


def _packed(name: str, jpeg: bytes) -> bytes:
    """Return a picture with its name before it: one byte of length, the name, the JPEG."""
    label = name.encode()
    return bytes([len(label)]) + label + jpeg
