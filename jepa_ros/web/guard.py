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

"""Who may talk to the page's server: this page alone, and no other that a browser has open."""

from collections.abc import Collection
import ipaddress
import socket
from urllib.parse import urlsplit

_LOCAL = ('localhost', '127.0.0.1', '::1')


def is_loopback(host: str) -> bool:
    """Tell whether an address to listen on is that of this machine alone."""
    if host == 'localhost':
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_host(host: str, expose: bool) -> None:
    """Refuse to listen to other machines where that is not asked for; ValueError says how to."""
    if not is_loopback(host) and not expose:
        raise ValueError(
            f'host is {host!r}, which other machines reach: whoever does sees the camera, and can '
            'stop the robot and undo a stop. Say --expose where that is wanted; better, keep '
            '127.0.0.1 and come through ssh -L')


def names_of(host: str) -> frozenset[str]:
    """Return the names under which browsers know a server that listens on ``host``."""
    if is_loopback(host):
        return frozenset({*_LOCAL, host})
    name = socket.gethostname().lower()
    return frozenset({*_LOCAL, host.lower(), name, f'{name}.local'})


def split_host(header: str) -> str:
    """Return the name in a Host header, without its port; empty where there is none."""
    try:
        return (urlsplit(f'//{header}').hostname or '').lower()
    except ValueError:
        return ''


def refuse_host(header: str, names: Collection[str], expose: bool) -> str:
    """
    Return why a request's Host is not ours, '' where it is.

    A page of another site can have its own name lead to this machine, and would then be of the
    same origin as we; its Host would be that name.  An address is nobody's name.
    """
    name = split_host(header)
    if name in names:
        return ''
    if expose:
        try:
            ipaddress.ip_address(name)
            return ''
        except ValueError:
            pass
    return f'host {header[:80]!r} is not this server, which is {", ".join(sorted(names))}'


def refuse_origin(origin: str, host: str) -> str:
    """Return why a request that does something does not come from our own page, '' if it does."""
    if origin == f'http://{host}':
        return ''
    return (f'origin {origin[:80]!r} is not this page, http://{host}: '
            'another page may not look at the robot, nor stop or reset it')
