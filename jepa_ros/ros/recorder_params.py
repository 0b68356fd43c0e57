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

"""The parameters of the recorder."""

from jepa_ros.ros import params

TABLE = (
    params.Entry('topics', [''], 'names', 'what to record'),
    params.Entry('out', '', 'path', "the bag's folder, a new one; empty: drive_DATE_TIME here"),
    params.Entry('zstd', True, 'bool', 'compress, chunk by chunk'),
    params.Entry('max_mb', 0, 'MB', 'begin a new file at this size; 0: never', 0, 10 ** 6),
    params.Entry('max_s', 0.0, 's', 'begin a new file after this long; 0: never', 0.0, 1e6),
    params.Entry('duration_s', 0.0, 's', 'end after this long, from the first message on; 0: when '
                 'it is asked to', 0.0, 1e6),
    params.Entry('wait_s', 0.0, 's', 'end with an error where a topic has no message after this '
                 'long; 0: wait for ever', 0.0, 1e6),
    params.Entry('queue_mb', 256, 'MB', 'what waits for the disk; more is dropped', 1, 10 ** 5),
    params.Entry('min_free_mb', 500, 'MB', 'end when the disk has less room than this',
                 0, 10 ** 6),
)
