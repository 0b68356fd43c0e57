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

"""A Rerun recording read back: what each entity was told, and when, in ROS time."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Entity:
    """``times_s`` of what an entity was told, and the first component of it, in order of time."""

    times_s: list[float] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def numbers(self) -> list[float]:
        """Return the values of an entity of scalars."""
        return [float(value[0]) for value in self.values]


def read_rrd(path: Path) -> dict[str, Entity]:
    """Return what a file holds, by entity; what belongs to no time is left out."""
    from rerun.chunk import RrdReader
    rows: dict[str, list[tuple[float, Any]]] = {}
    for chunk in RrdReader(path).stream():
        batch = chunk.to_record_batch()
        if 'ros_time' not in batch.schema.names:
            continue
        (component, *_) = [name for name in batch.schema.names if ':' in name]
        rows.setdefault(str(chunk.entity_path), []).extend(zip(
            (time.value * 1e-9 for time in batch.column('ros_time')),
            batch.column(component).to_pylist(), strict=True))
    found = {}
    for entity, told in rows.items():
        told.sort(key=lambda row: row[0])
        found[entity] = Entity([at_s for at_s, _ in told], [value for _, value in told])
    return found
