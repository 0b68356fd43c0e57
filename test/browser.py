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

"""A headless Chromium, driven by its DevTools protocol: open a page, press, read, look."""

import asyncio
import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
import json
import os
from pathlib import Path
import shutil
import subprocess
import tempfile
import time
from typing import Any
from urllib.request import urlopen

PATIENCE_S = 30.0
# as root there is no sandbox; nothing is to be looked up in a network
_FLAGS = ('--headless', '--disable-gpu', '--disable-quic', '--no-first-run',
          '--disable-background-networking', '--disable-component-update', '--disable-sync',
          '--disable-dev-shm-usage', '--no-sandbox', '--hide-scrollbars', '--mute-audio',
          '--remote-debugging-port=0')


def find_chromium() -> str:
    """Return the program's path, '' where there is none."""
    for name in ('chromium', 'chromium-browser', 'google-chrome'):
        found = shutil.which(name)
        if found:
            return found
    return ''


@contextmanager
def chromium(width: int = 1440, height: int = 1000) -> Iterator['Browser']:
    """Run a browser with a profile of its own; both are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix='chromium_', ignore_cleanup_errors=True) as folder:
        child = subprocess.Popen(
            [find_chromium(), *_FLAGS, f'--user-data-dir={folder}',
             f'--window-size={width},{height}', 'about:blank'],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, 'HOME': folder}, start_new_session=True)
        browser = None
        try:
            browser = Browser(_page_of(child, Path(folder)))
            yield browser
        finally:
            if browser is not None:
                browser.close()
            child.terminate()
            try:
                child.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait(PATIENCE_S)


def _page_of(child: subprocess.Popen, folder: Path) -> str:
    """Wait for the browser and return the address of its page's protocol."""
    port = folder / 'DevToolsActivePort'
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        assert child.poll() is None, f'chromium ended with {child.returncode}'
        if port.is_file() and port.read_text().strip():
            number = port.read_text().split()[0]
            with urlopen(f'http://127.0.0.1:{number}/json/list', timeout=PATIENCE_S) as answer:
                pages = [page for page in json.load(answer) if page['type'] == 'page']
            if pages:
                return str(pages[0]['webSocketDebuggerUrl'])
        time.sleep(0.05)
    raise AssertionError(f'chromium was not ready within {PATIENCE_S} s')


class Browser:
    """One page of a browser; ``errors`` is what its console and its scripts complained of."""

    def __init__(self, address: str) -> None:
        from tornado.websocket import websocket_connect
        self._loop = asyncio.new_event_loop()
        self._socket = self._run(lambda: websocket_connect(
            address, max_message_size=1 << 28, ping_interval=0))
        self._number = 0
        self.errors: list[str] = []
        for domain in ('Page', 'Runtime', 'Log'):
            self.call(f'{domain}.enable')

    def _run(self, begin: Callable[[], Any]) -> Any:
        async def wait() -> Any:
            return await asyncio.wait_for(begin(), PATIENCE_S)
        return self._loop.run_until_complete(wait())

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result."""
        self._number += 1
        asked = json.dumps({'id': self._number, 'method': method, 'params': params})
        self._run(lambda: self._socket.write_message(asked))
        while True:
            text = self._run(self._socket.read_message)
            assert text is not None, 'chromium has closed the connection'
            message = json.loads(text)
            if message.get('id') == self._number:
                assert 'error' not in message, f'{method}: {message["error"]}'
                return dict(message['result'])
            self._hear(message)

    def _hear(self, event: dict[str, Any]) -> None:
        params = event.get('params', {})
        if event.get('method') == 'Runtime.exceptionThrown':
            self.errors.append(json.dumps(params['exceptionDetails'])[:800])
        elif event.get('method') == 'Log.entryAdded' and params['entry']['level'] == 'error':
            self.errors.append(params['entry']['text'] + ' ' + params['entry'].get('url', ''))

    def go(self, url: str) -> None:
        """Go to a page."""
        self.call('Page.navigate', url=url)

    def value(self, expression: str) -> Any:
        """Return what a JavaScript expression is worth; a promise is waited for."""
        answer = self.call('Runtime.evaluate', expression=expression, returnByValue=True,
                           awaitPromise=True)
        assert 'exceptionDetails' not in answer, answer['exceptionDetails']
        return answer['result'].get('value')

    def wait(self, expression: str, what: str, patience_s: float = PATIENCE_S) -> Any:
        """Wait until an expression is true and return it."""
        end_s = time.monotonic() + patience_s
        while time.monotonic() < end_s:
            value = self.value(expression)
            if value:
                return value
            time.sleep(0.02)
        raise AssertionError(f'{what}: not within {patience_s} s; errors {self.errors}')

    def point(self, selector: str) -> tuple[float, float]:
        """Return the middle of an element, in px."""
        x, y = self.value(
            f'(() => {{ const r = document.querySelector({selector!r}).getBoundingClientRect();'
            ' return [r.x + r.width / 2, r.y + r.height / 2]; })()')
        return x, y

    def mouse(self, kind: str, at: tuple[float, float]) -> None:
        """Send 'mousePressed' or 'mouseReleased' at a point."""
        self.call('Input.dispatchMouseEvent', type=kind, x=at[0], y=at[1], button='left',
                  clickCount=1)

    def space(self) -> None:
        """Press the space bar."""
        for kind in ('keyDown', 'keyUp'):
            self.call('Input.dispatchKeyEvent', type=kind, code='Space', key=' ',
                      windowsVirtualKeyCode=32)

    def theme(self, name: str) -> None:
        """Make the system's theme light or dark."""
        self.call('Emulation.setEmulatedMedia', features=[
            {'name': 'prefers-color-scheme', 'value': name}])

    def picture(self, path: Path) -> None:
        """Write what is seen as a PNG."""
        data = self.call('Page.captureScreenshot', format='png')['data']
        path.write_bytes(base64.b64decode(data))

    def close(self) -> None:
        """End the connection."""
        async def end() -> None:
            self._socket.close()
            await asyncio.sleep(0)

        # in the loop, or Tornado would make another one that nobody closes
        self._loop.run_until_complete(end())
        self._loop.close()
