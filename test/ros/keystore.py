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

"""A keystore for tests, made with openssl from the security policy: good for a day."""

from datetime import datetime, timedelta, timezone
from pathlib import Path
import subprocess
from xml.etree import ElementTree

from policy import Allowed

# what rmw adds to the topics of every node, to know the graph
GRAPH = 'ros_discovery_info'
_EC = ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes')
_TIME = '%Y-%m-%dT%H:%M:%S'


def openssl(*arguments: str | Path) -> bytes:
    """Run openssl and return what it writes; CalledProcessError where it fails."""
    return subprocess.run(['openssl', *map(str, arguments)], capture_output=True, check=True,
                          timeout=60).stdout


def topics_of(allowed: Allowed) -> tuple[list[str], list[str]]:
    """Return the DDS topics that an enclave may write and read."""
    def each(prefix: str, names: frozenset[str], suffix: str = '') -> list[str]:
        return [f'{prefix}{name}{suffix}' for name in sorted(names)]

    write = [*each('rt', allowed.publish), *each('rr', allowed.reply, 'Reply'),
             *each('rq', allowed.request, 'Request')]
    read = [*each('rt', allowed.subscribe), *each('rq', allowed.reply, 'Request'),
            *each('rr', allowed.request, 'Reply')]
    return [GRAPH, *write], [GRAPH, *read]


def permissions(enclave: str, allowed: Allowed, domain: int) -> bytes:
    """Return the DDS permissions of an enclave: what the policy allows, all else denied."""
    now = datetime.now(timezone.utc)
    root = ElementTree.Element('dds')
    grant = _add(_add(root, 'permissions'), 'grant', name=enclave)
    _add(grant, 'subject_name', f'CN={enclave}')
    validity = _add(grant, 'validity')
    _add(validity, 'not_before', (now - timedelta(hours=1)).strftime(_TIME))
    _add(validity, 'not_after', (now + timedelta(days=1)).strftime(_TIME))
    rule = _add(grant, 'allow_rule')
    _add(_add(rule, 'domains'), 'id', str(domain))
    for verb, topics in zip(('publish', 'subscribe'), topics_of(allowed), strict=True):
        names = _add(_add(rule, verb), 'topics')
        for topic in topics:
            _add(names, 'topic', topic)
    _add(grant, 'default', 'DENY')
    return ElementTree.tostring(root, 'utf-8', xml_declaration=True)


def governance(domain: int) -> bytes:
    """Return the rules of a domain: nobody joins, reads or writes without a right to."""
    root = ElementTree.Element('dds')
    rule = _add(_add(root, 'domain_access_rules'), 'domain_rule')
    _add(_add(rule, 'domains'), 'id', str(domain))
    _add(rule, 'allow_unauthenticated_participants', 'false')
    _add(rule, 'enable_join_access_control', 'true')
    for kind in ('discovery', 'liveliness', 'rtps'):
        _add(rule, f'{kind}_protection_kind', 'ENCRYPT')
    topic = _add(_add(rule, 'topic_access_rules'), 'topic_rule')
    _add(topic, 'topic_expression', '*')
    for name in ('discovery_protection', 'liveliness_protection', 'read_access_control',
                 'write_access_control'):
        _add(topic, f'enable_{name}', 'true')
    for kind in ('metadata', 'data'):
        _add(topic, f'{kind}_protection_kind', 'ENCRYPT')
    return ElementTree.tostring(root, 'utf-8', xml_declaration=True)


def make_keystore(folder: Path, policy: dict[str, Allowed], domain: int) -> None:
    """Make a keystore in an empty folder, laid out as ROS wants it, with every enclave."""
    authority, key = folder / 'ca.cert.pem', folder / 'ca.key.pem'
    openssl('req', '-x509', *_EC, '-keyout', key, '-out', authority, '-days', '1',
            '-subj', '/CN=jepa_ros test')
    _sign(folder / 'governance.p7s', governance(domain), authority, key)
    for enclave, allowed in policy.items():
        place = folder / 'enclaves' / enclave.lstrip('/')
        place.mkdir(parents=True)
        name = enclave.replace('/', '\\/')
        openssl('req', *_EC, '-keyout', place / 'key.pem', '-out', place / 'request.pem',
                '-subj', f'/CN={name}')
        openssl('x509', '-req', '-in', place / 'request.pem', '-CA', authority, '-CAkey', key,
                '-CAcreateserial', '-days', '1', '-out', place / 'cert.pem')
        _sign(place / 'permissions.p7s', permissions(enclave, allowed, domain), authority, key)
        for shared in ('identity_ca.cert.pem', 'permissions_ca.cert.pem'):
            (place / shared).write_bytes(authority.read_bytes())
        (place / 'governance.p7s').write_bytes((folder / 'governance.p7s').read_bytes())


def _sign(path: Path, content: bytes, authority: Path, key: Path) -> None:
    plain = path.with_suffix('.xml')
    plain.write_bytes(content)
    openssl('smime', '-sign', '-text', '-in', plain, '-out', path, '-signer', authority,
            '-inkey', key)


def _add(parent: ElementTree.Element, tag: str, text: str = '', **attributes: str
         ) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, tag, attributes)
    element.text = text or None
    return element
