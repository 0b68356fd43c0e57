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

"""The sizes of a world model of the squares that conftest.py draws."""

from jepa_ros.engines.networks import ModelConfig

SQUARE = ModelConfig(image_px=32, width=8, channels=(8, 16), encoder_hidden=32,
                     predictor_hidden=64, predictor_layers=2, critic_hidden=16, dropout=0.0,
                     block=3, horizon=3, low=(-1.0, -1.0), high=(1.0, 1.0))
