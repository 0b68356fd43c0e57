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

"""Who the server answers to."""

import socket

import pytest

from jepa_ros.web import guard

LOCAL = guard.names_of('127.0.0.1')


@pytest.mark.parametrize('host, loopback', [
    ('127.0.0.1', True), ('127.8.0.1', True), ('::1', True), ('localhost', True),
    ('0.0.0.0', False), ('::', False), ('192.0.2.1', False), ('robot.example', False), ('', False),
])
def test_only_loopback_is_listened_to_without_a_word(host, loopback):
    assert guard.is_loopback(host) is loopback
    if loopback:
        guard.check_host(host, expose=False)
        return
    guard.check_host(host, expose=True)
    with pytest.raises(ValueError, match=r'other machines reach.*--expose'):
        guard.check_host(host, expose=False)


@pytest.mark.parametrize('header', ['localhost:8765', '127.0.0.1:8765', '[::1]:8765', 'LOCALHOST'])
def test_our_own_names_are_known(header):
    assert guard.refuse_host(header, LOCAL, expose=False) == ''


@pytest.mark.parametrize('header', [
    'evil.example:8765', 'localhost.evil.example', '192.0.2.1:8765', '', '[::1', 'a' * 5000])
def test_another_name_for_this_machine_is_refused(header):
    """A site that lets its own name lead to 127.0.0.1 gets nothing."""
    said = guard.refuse_host(header, LOCAL, expose=False)
    assert 'is not this server' in said
    assert len(said) < 300


def test_an_exposed_server_is_known_by_address_and_its_own_name_only():
    names = guard.names_of('0.0.0.0')
    for header in ('192.0.2.1:8765', '[2001:db8::1]:8765', f'{socket.gethostname()}:8765'):
        assert guard.refuse_host(header, names, expose=True) == ''
    assert guard.refuse_host('evil.example:8765', names, expose=True)


@pytest.mark.parametrize('origin', [
    '', 'null', 'http://evil.example', 'https://localhost:8765', 'http://localhost:9000',
    'http://localhost', 'http://localhost:8765.evil.example'])
def test_only_the_page_itself_may_do_something(origin):
    assert 'another page may not' in guard.refuse_origin(origin, 'localhost:8765')


def test_the_page_itself_may():
    assert guard.refuse_origin('http://localhost:8765', 'localhost:8765') == ''
