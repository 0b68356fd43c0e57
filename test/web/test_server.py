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

"""The server of the page over a real socket: what it hands out, refuses, and bounds."""

import asyncio
from collections.abc import Callable, Iterator
import contextlib
import http.client
import json
import socket
import threading
import time
from typing import Any

import pytest

pytest.importorskip('tornado', reason='the page needs Tornado: requirements/watch.txt')

from tornado.httpclient import HTTPClientError, HTTPRequest  # noqa: E402
from tornado.websocket import websocket_connect, WebSocketClientConnection  # noqa: E402

from jepa_ros.web.board import Board  # noqa: E402
from jepa_ros.web.handlers import MOST_PAGES  # noqa: E402
from jepa_ros.web.server import Address, PAGE, Server  # noqa: E402

PATIENCE_S = 20.0


class Desk:
    """Counts what is asked of it."""

    def __init__(self) -> None:
        self.stops = self.resets = 0
        self.trouble = ''

    def stop(self) -> str:
        self.stops += 1
        return self.trouble

    def reset(self) -> str:
        self.resets += 1
        return self.trouble


@pytest.fixture
def desk() -> Desk:
    """Hold who is asked by the buttons."""
    return Desk()


@pytest.fixture
def server(desk: Desk) -> Iterator[Server]:
    """Hold a server on a free port."""
    server = Server(Board(), Address(port=0))
    server.start(desk)
    yield server
    server.close()
    assert not [thread for thread in threading.enumerate() if thread.name == 'web']


def ask(server: Server, method: str, path: str, **headers: str
        ) -> tuple[int, dict[str, str], bytes]:
    """Ask the server; return status, headers and body."""
    connection = http.client.HTTPConnection('127.0.0.1', server.port, timeout=PATIENCE_S)
    try:
        connection.putrequest(method, path, skip_host='Host' in headers)
        for name, value in {'Content-Length': '0', **headers}.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def wait_for(condition: Callable[[], Any], what: str) -> None:
    """Wait until something is true."""
    end_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end_s, f'{what}: not within {PATIENCE_S} s'
        time.sleep(0.01)


async def connect(server: Server, origin: str | None = None) -> WebSocketClientConnection:
    """Open a stream as the page does."""
    return await websocket_connect(HTTPRequest(
        f'ws://127.0.0.1:{server.port}/stream',
        headers={'Origin': origin or server.url.rstrip('/')}))


async def a_round(stream: WebSocketClientConnection) -> tuple[list[bytes], dict[str, Any]]:
    """Return the pictures and the state of the next round."""
    pictures = []
    while True:
        message = await asyncio.wait_for(stream.read_message(), PATIENCE_S)
        assert message is not None, 'the stream has ended'
        if isinstance(message, str):
            return pictures, json.loads(message)
        pictures.append(message)


async def leave(stream: WebSocketClientConnection) -> None:
    """Close a stream, and see it closed."""
    stream.close()
    while await asyncio.wait_for(stream.read_message(), PATIENCE_S) is not None:
        pass


def test_every_file_of_the_page_is_served_and_may_run_nothing_else(server):
    for path in PAGE.iterdir():
        status, headers, body = ask(server, 'GET', f'/{path.name}')
        assert (status, body) == (200, path.read_bytes())
        assert "script-src 'self'" in headers['Content-Security-Policy']
        assert headers['X-Frame-Options'] == 'DENY'
    assert ask(server, 'GET', '/')[2] == (PAGE / 'index.html').read_bytes()


def test_the_page_names_nothing_in_a_network():
    for path in PAGE.iterdir():
        assert '//' not in path.read_text().replace('${scheme}://${location.host}', '').replace(
            '// ', ''), path.name


@pytest.mark.parametrize('path', ['/../board.py', '/%2e%2e/board.py', '/..%2fboard.py', '/none'])
def test_nothing_beside_the_page_is_served(server, path):
    assert ask(server, 'GET', path)[0] in (403, 404)


def test_the_buttons_of_the_page_work(server, desk):
    origin = server.url.rstrip('/')
    assert json.loads(ask(server, 'POST', '/stop', Origin=origin)[2]) == {'sent': True, 'why': ''}
    assert ask(server, 'POST', '/reset', Origin=origin)[0] == 200
    assert (desk.stops, desk.resets) == (1, 1)
    desk.trouble = 'no gate'
    status, _, body = ask(server, 'POST', '/stop', Origin=origin)
    assert (status, json.loads(body)['why']) == (503, 'no gate')


@pytest.mark.parametrize('path', ['/stop', '/reset'])
@pytest.mark.parametrize('headers', [
    {}, {'Origin': 'null'}, {'Origin': 'http://evil.example'}, {'Origin': 'http://127.0.0.1'},
    {'Host': 'evil.example', 'Origin': 'http://evil.example'}])
def test_another_page_cannot_press_a_button(server, desk, path, headers):
    status, _, body = ask(server, 'POST', path, **headers)
    assert status == 403
    assert b'is not this' in body
    assert ask(server, 'GET', path)[0] == 405
    assert (desk.stops, desk.resets) == (0, 0)


def test_another_page_cannot_look(server):
    async def look() -> None:
        with pytest.raises(HTTPClientError, match='403'):
            await connect(server, 'http://evil.example')

    asyncio.run(look())
    assert ask(server, 'GET', '/', Host='evil.example')[0] == 403


def test_a_slow_page_misses_what_came_between_and_nothing_is_kept_for_it(server):
    board = server.board
    encoded = []

    def show(number: int) -> None:
        board.show('camera', lambda: encoded.append(number) or b'%d' % number)

    async def look_slowly() -> None:
        show(0)
        stream = await connect(server)
        pictures, _ = await a_round(stream)
        assert pictures == [b'\x06camera0']
        (page,) = server.pages
        for number in range(1, 3001):       # as a camera would in minutes
            show(number)
            board.plot('cost', float(number))
        await asyncio.sleep(0.3)            # rounds that would have come
        assert page.rounds == 1
        assert encoded == [0]
        await stream.write_message('go on')
        pictures, state = await a_round(stream)
        assert pictures == [b'\x06camera3000']
        assert state['points']['cost'][-1][1] == 3000.0
        assert encoded == [0, 3000]
        await leave(stream)

    asyncio.run(look_slowly())
    wait_for(lambda: not server.pages, 'the end of the page')


def test_a_page_that_reads_nothing_holds_up_neither_another_nor_the_end(server):
    board = server.board
    board.show('camera', lambda: bytes(30_000_000))     # more than any socket holds
    with contextlib.closing(socket.create_connection(('127.0.0.1', server.port))) as deaf:
        deaf.sendall((f'GET /stream HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n'
                      f'Origin: {server.url.rstrip("/")}\r\nUpgrade: websocket\r\n'
                      'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n'
                      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n').encode())
        wait_for(lambda: server.pages, 'the deaf page')
        board.show('camera', lambda: b'small')

        async def look() -> None:
            stream = await connect(server)
            assert (await a_round(stream))[0] == [b'\x06camerasmall']
            await leave(stream)

        asyncio.run(look())
        server.close()


def test_a_round_that_cannot_be_made_ends_the_stream_so_that_the_page_comes_again(server):
    async def look() -> int | None:
        stream = await connect(server)
        await a_round(stream)
        server.board.tell('odd', {'value': object()})
        await stream.write_message('go on')
        assert await asyncio.wait_for(stream.read_message(), PATIENCE_S) is None
        code = stream.close_code
        stream.close()
        return code

    assert asyncio.run(look()) == 1011


def test_the_end_is_told_to_the_page(server):
    async def look() -> int | None:
        stream = await connect(server)
        await a_round(stream)
        threading.Thread(target=server.close).start()
        while await asyncio.wait_for(stream.read_message(), PATIENCE_S) is not None:
            pass
        code = stream.close_code
        stream.close()
        return code

    assert asyncio.run(look()) == 1001


def test_there_is_a_limit_of_pages(server):
    async def look() -> None:
        streams = [await connect(server) for _ in range(MOST_PAGES)]
        with pytest.raises(HTTPClientError, match='503'):
            await connect(server)
        for stream in streams:
            await leave(stream)

    asyncio.run(look())


def test_a_port_in_use_says_what_to_do(server):
    with pytest.raises(OSError, match=rf'port {server.port} .* in use.*--port'):
        Server(Board(), Address(port=server.port))


def test_other_machines_are_let_in_only_where_that_is_said():
    with pytest.raises(ValueError, match='--expose'):
        Address(host='0.0.0.0')
    with pytest.raises(ValueError, match=r'port is 70000'):
        Address(port=70000)
