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


"""Where a training gets its episodes from: a folder that was collected, or bags of drives."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jepa_ros.bags.settings import BagSettings
from jepa_ros.learning.bag_data import bag_data_set
from jepa_ros.learning.data import DataSet, load_data_set
from jepa_ros.learning.symmetry import SymmetryName


@dataclass(frozen=True)
class DataConfig:
    """
    ``bags`` where there are any, else ``folder``, which ``jepa collect`` made.

    ``symmetry`` says in which views drives are trained on too, as in ``symmetric``.  The rest is
    for bags, as in ``BagSettings``; pictures get the size that the model wants.
    """

    folder: str = 'data/warehouse_ceiling'
    bags: tuple[str, ...] = ()
    image: str | None = None
    action: str | None = None
    odom: str | None = None
    region: tuple[int, int, int, int] = (0, 0, 0, 0)
    period_s: float | None = None
    hold_s: float | None = None
    field: Literal['velocity', 'position'] | None = None
    names: tuple[str, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    units: tuple[str, ...] = ()
    symmetry: SymmetryName = 'none'

    def __post_init__(self) -> None:
        """Refuse nonsense; ValueError names the value and the limit."""
        self.bag_settings(64)

    def bag_settings(self, image_px: int) -> BagSettings:
        """Return what is wanted of the bags, for square pictures."""
        return BagSettings(image_px, image_px, self.image, self.action, self.odom, self.region,
                           self.period_s, self.hold_s, self.field, self.names, self.low, self.high,
                           self.units)

    def load(self, image_px: int) -> DataSet:
        """Return the data set; ValueError says in one line what is wrong with it."""
        if self.bags:
            return bag_data_set([Path(bag) for bag in self.bags], self.bag_settings(image_px))
        data = load_data_set(Path(self.folder))
        found = data.training.frames.shape[1:3]
        if found != (image_px, image_px):
            raise ValueError(f'{self.folder} has pictures of {found[1]} by {found[0]} pixels, '
                             f'model.image_px is {image_px}')
        return data
