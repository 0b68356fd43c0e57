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

"""Files that belong to the package: where an installation, or the source tree, keeps them."""

import os
from pathlib import Path

# Fast DDS 2 (Jazzy) reads the first name, Fast DDS 3 (Kilted and later) the second
FAST_DDS_VARIABLES = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')


def own_domain() -> dict[str, str]:
    """
    Return the environment of a graph that hears nobody else, on this machine alone.

    Never the domain that a shell is set to: that may be a robot's, whose wheels would turn.
    """
    drawn = 1 + os.getpid() % 100
    if os.environ.get('ROS_DOMAIN_ID', '').strip() == str(drawn):
        drawn = 1 + drawn % 100
    return {'ROS_DOMAIN_ID': str(drawn), 'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}


def fast_dds_profile() -> dict[str, str]:
    """Return the environment in which camera frames travel whole through shared memory."""
    return dict.fromkeys(FAST_DDS_VARIABLES, str(share_file('config/fastdds.xml')))


def use_fast_dds_profile() -> None:
    """Take that environment, unless the user has a profile; before anything joins the graph."""
    for name, path in fast_dds_profile().items():
        os.environ.setdefault(name, path)


def leave_shared_memory() -> None:
    """
    Make the process talk over UDP alone, where the shipped profile is in use.

    To be called before anything joins the graph.  Who shares memory with a process that is killed
    may have to wait for what it held.  Another profile, the user's, stays.
    """
    local = os.environ.get('ROS_AUTOMATIC_DISCOVERY_RANGE') == 'LOCALHOST'
    profile = share_file(f'config/fastdds_gate{"_localhost" if local else ""}.xml')
    for name in FAST_DDS_VARIABLES:
        if Path(os.environ.get(name, '')).name == 'fastdds.xml':
            os.environ[name] = str(profile)
            if local:       # it brings shared memory along; the profile says the same without
                os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'SYSTEM_DEFAULT'


def share_file(name: str) -> Path:
    """Return a file under share/jepa_ros or the source tree; FileNotFoundError names both."""
    places = share_folders()
    for folder in places:
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(f'no {name} in ' + ', '.join(map(str, places)))


def share_folders() -> list[Path]:
    """Return the folders that hold config and models: installed first, then the sources."""
    sources = Path(__file__).resolve().parents[2]
    try:
        from ament_index_python.packages import get_package_share_directory, PackageNotFoundError
    except ImportError:
        return [sources]
    try:
        return [Path(get_package_share_directory('jepa_ros')), sources]
    except (PackageNotFoundError, OSError):  # OSError: no installation is sourced
        return [sources]
