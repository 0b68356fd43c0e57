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

"""What ROS is told about its security, checked: a slip of the pen must not leave a node open."""

from collections.abc import Mapping

# rcl takes any other word as if nothing had been said, and nodes run without security
_WORDS = {'ROS_SECURITY_ENABLE': ('', 'true', 'false'),
          'ROS_SECURITY_STRATEGY': ('', 'Enforce', 'Permissive')}


def check_security(environment: Mapping[str, str]) -> str:
    """
    Check the variables that ROS reads; return what the user should know, '' for nothing.

    Raises ValueError where security seems to be wanted, and ROS would run without: a word that
    ROS does not know, Enforce without ROS_SECURITY_ENABLE; and where there is no keystore.
    """
    for name, words in _WORDS.items():
        if environment.get(name, '') not in words:
            raise ValueError(
                f'{name} is {environment[name]!r}, must be {" or ".join(filter(None, words))}: '
                'ROS would run without security')
    enabled = environment.get('ROS_SECURITY_ENABLE', '')
    enforced = environment.get('ROS_SECURITY_STRATEGY', '') == 'Enforce'
    if enforced and not enabled:
        raise ValueError('ROS_SECURITY_STRATEGY is Enforce and ROS_SECURITY_ENABLE is not set, '
                         'must be true: ROS would run without security')
    if enabled != 'true':
        return ''
    if not enforced:
        return ('ROS_SECURITY_STRATEGY is not Enforce: a node whose enclave is not found runs '
                'without security')
    if not environment.get('ROS_SECURITY_KEYSTORE', ''):
        raise ValueError('ROS_SECURITY_STRATEGY is Enforce and ROS_SECURITY_KEYSTORE is not set, '
                         'must be the folder of the keystore')
    return ''
