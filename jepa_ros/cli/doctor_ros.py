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

"""Checks of the ROS installation: Python, distro, packages, domain, security."""

from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
import os
from pathlib import Path
import re
import sys
from xml.etree import ElementTree

from jepa_ros.cli.doctor_find import installed
from jepa_ros.cli.doctor_row import FAIL, OK, Row, SKIP, WARN
from jepa_ros.ros.security import check_security
from jepa_ros.ros.share import share_file

DISTROS = ('humble', 'jazzy', 'kilted')
# the major version of rclpy tells the distro
_RCLPY = {3: 'humble', 7: 'jazzy', 9: 'kilted'}
_PYTHONS = ((3, 10), (3, 13))
_INSTALLED = Path('/opt/ros')
# what a node runs on beside ROS: module, and what it is for
_PACKAGES = {'numpy': 'everything', 'cv2': 'compressed pictures', 'rosbags': 'bags'}
# one is not on PyPI, and only the simulator's /tf wants it
_OPTIONAL = {'tf2_msgs'}
_MESSAGES = re.compile(r'\w+_(msgs|srvs|interfaces)$')
_RANGES = ('SUBNET', 'LOCALHOST', 'OFF', 'SYSTEM_DEFAULT')
_LARGEST_DOMAIN = 232
# ports of domains between these are those that Linux gives to outgoing connections
_UNSAFE_DOMAINS = (102, 214)


def wheels_distro() -> str:
    """Return the distro whose rclpy came from PyPI, '' where none did."""
    try:
        version = metadata.version('ros-rclpy')
    except metadata.PackageNotFoundError:
        return ''
    return _RCLPY.get(int(version.partition('.')[0]), f'rclpy {version}')


def distro() -> str:
    """Return the distro that is in use, '' where there is none."""
    return os.environ.get('ROS_DISTRO', '') or wheels_distro()


def python_row() -> Iterator[Row]:
    """Look at the Python that runs this."""
    first, last = _PYTHONS
    found = f'{sys.version.split()[0]} in {sys.prefix}'
    if sys.version_info[:2] < first:
        yield Row('python', FAIL, f'{found}, must be {first[0]}.{first[1]} or later',
                  f'make PYTHON=/path/to/python{last[0]}.{last[1]} setup')
    elif sys.version_info[:2] > last and not os.environ.get('ROS_DISTRO'):
        yield Row('python', WARN, f'{found}; the pinned wheels end at {last[0]}.{last[1]}',
                  f'make PYTHON=/path/to/python{last[0]}.{last[1]} setup')
    else:
        yield Row('python', OK, found)


def ros_row() -> Iterator[Row]:
    """Look for one ROS 2, sourced or from wheels, not both."""
    sourced, wheels = os.environ.get('ROS_DISTRO', ''), wheels_distro()
    if sourced and wheels:
        yield Row('ros', FAIL, f'{sourced} is sourced and the wheels of {wheels} are installed '
                  'in this Python: they mix', 'env -u ROS_DISTRO -u AMENT_PREFIX_PATH '
                  '-u PYTHONPATH -u LD_LIBRARY_PATH jepa doctor')
    elif not installed('rclpy'):
        setups = sorted(_INSTALLED.glob('*/setup.bash'))
        yield Row('ros', FAIL, f'rclpy is not installed for {sys.executable}',
                  f'. {setups[-1]}' if setups else 'pip install -r requirements/ros.txt')
    else:
        name = sourced or wheels or 'an unknown distro'
        how = 'sourced' if sourced else 'from wheels' if wheels else 'neither sourced nor wheels'
        known = name in DISTROS
        yield Row('ros', OK if known else WARN,
                  f'{name}, {how}, rclpy in {Path(str(find_spec("rclpy").origin)).parent}'
                  + ('' if known else f'; looked at were {", ".join(DISTROS)}'))


def messages_row() -> Iterator[Row]:
    """Look for every message package that package.xml names."""
    if not installed('rclpy'):
        yield Row('messages', SKIP, 'there is no rclpy')
        return
    manifest = ElementTree.parse(share_file('package.xml')).getroot()
    wanted = [name for name in (str(entry.text) for entry in manifest.iter('exec_depend'))
              if _MESSAGES.match(name)]
    missing = [name for name in wanted if not installed(name)]
    needed = [name for name in missing if name not in _OPTIONAL]
    found = f'{len(wanted) - len(missing)} of {len(wanted)} packages'
    lacks = f', without {", ".join(missing)}' if missing else ''
    if needed:
        name, wheels = distro(), wheels_distro()
        yield Row('messages', FAIL, found + lacks,
                  _requirements(wheels) if wheels or not name else 'sudo apt-get install '
                  + ' '.join(f'ros-{name}-{package.replace("_", "-")}' for package in needed))
    else:
        yield Row('messages', OK, found + lacks
                  + (' (the simulator then has no /tf)' if missing else ''))


def _requirements(wheels: str) -> str:
    return f'pip install -r requirements/ros{"-kilted" if wheels == "kilted" else ""}.txt'


def packages_row() -> Iterator[Row]:
    """Look for the Python packages that nodes run on; engines have their own rows."""
    missing = {name: use for name, use in _PACKAGES.items() if not installed(name)}
    if missing:
        yield Row('packages', FAIL, 'not installed: ' + ', '.join(
            f'{name} ({use})' for name, use in missing.items()),
            'pip install -r requirements/robot.txt')
    else:
        yield Row('packages', OK, ', '.join(_PACKAGES))


def domain_row() -> Iterator[Row]:
    """Look at the domain, and at how far nodes look for others."""
    said = os.environ.get('ROS_DOMAIN_ID', '').strip() or '0'
    reach = os.environ.get('ROS_AUTOMATIC_DISCOVERY_RANGE', '')
    local = os.environ.get('ROS_LOCALHOST_ONLY', '')
    where = reach or ('LOCALHOST' if local == '1' else 'SUBNET')
    found = f'{said}, range {where}' + (', by ROS_LOCALHOST_ONLY' if local == '1' else '')
    if not said.isdecimal() or int(said) > _LARGEST_DOMAIN:
        yield Row('domain', FAIL, f'ROS_DOMAIN_ID is {said!r}, must be 0 to {_LARGEST_DOMAIN}',
                  'export ROS_DOMAIN_ID=0')
    elif reach == 'OFF':
        yield Row('domain', FAIL, f'{found}: nodes find nobody, on this machine neither',
                  'export ROS_AUTOMATIC_DISCOVERY_RANGE=SUBNET')
    elif reach and reach not in _RANGES:
        yield Row('domain', WARN, f'{found}, which is none of {", ".join(_RANGES)}',
                  'export ROS_AUTOMATIC_DISCOVERY_RANGE=SUBNET')
    elif reach and distro() == 'humble':
        yield Row('domain', WARN, f'{found}; humble does not know that variable',
                  'export ROS_LOCALHOST_ONLY=1')
    elif _UNSAFE_DOMAINS[0] <= int(said) <= _UNSAFE_DOMAINS[1]:
        yield Row('domain', WARN, f'{found}; the ports of domains 102 to 214 may be taken',
                  'export ROS_DOMAIN_ID=42')
    else:
        yield Row('domain', OK, found)


def security_row() -> Iterator[Row]:
    """Look at what ROS is told about its security; whether DDS has any, the graph says."""
    try:
        remark = check_security(os.environ)
    except ValueError as error:
        yield Row('security', FAIL, str(error), 'unset ROS_SECURITY_ENABLE ROS_SECURITY_STRATEGY '
                  'ROS_SECURITY_KEYSTORE, or set all three: docs/security.md')
        return
    store = os.environ.get('ROS_SECURITY_KEYSTORE', '')
    if os.environ.get('ROS_SECURITY_ENABLE') != 'true':
        yield Row('security', OK, 'off: who is in the domain may command')
    elif not remark and not (Path(store) / 'enclaves').is_dir():
        yield Row('security', FAIL, f'ROS_SECURITY_KEYSTORE is {store!r}, which has no enclaves',
                  'docs/security.md, "Enclaves"')
    else:
        yield Row('security', WARN if remark else OK, remark or f'enforced, keystore {store}',
                  'export ROS_SECURITY_STRATEGY=Enforce' if remark else '')
