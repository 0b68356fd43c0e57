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

"""What config/security/policy.xml allows, by enclave, with every name in full."""

from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

FILE = Path(__file__).parents[2] / 'config' / 'security' / 'policy.xml'
# the attribute of a list, by the kind of its entries
RIGHTS = {'topics': ('publish', 'subscribe'), 'services': ('reply', 'request')}


@dataclass(frozen=True)
class Allowed:
    """The rights of an enclave: full names of topics and services."""

    node: str
    publish: frozenset[str]
    subscribe: frozenset[str]
    reply: frozenset[str]
    request: frozenset[str]


def full_name(name: str, node: str) -> str:
    """Return a name of the policy in full, for a node in the root namespace."""
    if name.startswith('~/'):
        return f'/{node}{name[1:]}'
    return name if name.startswith('/') else f'/{name}'


def read_policy(path: Path = FILE) -> dict[str, Allowed]:
    """
    Return the rights of every enclave by its path.

    Raises ValueError where the file has an element, an attribute or a value that is not known
    here: what is not understood must not pass for a right that was not given.
    """
    root = ElementTree.parse(path).getroot()
    _expect(root, 'policy', {'version'})
    (enclaves,) = root
    _expect(enclaves, 'enclaves', set())
    found = {}
    for enclave in enclaves:
        _expect(enclave, 'enclave', {'path'})
        (profiles,) = enclave
        _expect(profiles, 'profiles', set())
        (profile,) = profiles
        _expect(profile, 'profile', {'ns', 'node'})
        if profile.get('ns') != '/':
            raise ValueError(f'ns is {profile.get("ns")!r}, must be /')
        if enclave.get('path') in found:
            raise ValueError(f'enclave {enclave.get("path")} is there twice')
        found[str(enclave.get('path'))] = _rights(profile)
    return found


def _rights(profile: ElementTree.Element) -> Allowed:
    node = str(profile.get('node'))
    rights: dict[str, set[str]] = {right: set() for pair in RIGHTS.values() for right in pair}
    for entries in profile:
        ((right, word),) = entries.attrib.items()
        if right not in RIGHTS.get(entries.tag, ()) or word != 'ALLOW':
            raise ValueError(f'{node}: <{entries.tag} {right}="{word}"> is not known')
        for entry in entries:
            _expect(entry, entries.tag.removesuffix('s'), set())
            name = full_name(str(entry.text), node)
            if name in rights[right]:
                raise ValueError(f'{node}: {right} {name} is there twice')
            rights[right].add(name)
    return Allowed(node, **{right: frozenset(names) for right, names in rights.items()})


def _expect(element: ElementTree.Element, tag: str, attributes: set[str]) -> None:
    if element.tag != tag or set(element.attrib) != attributes:
        raise ValueError(f'<{element.tag}> with {sorted(element.attrib)}, must be <{tag}> with '
                         f'{sorted(attributes)}')
