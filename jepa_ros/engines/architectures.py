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

"""The architectures of networks that a bundle's weights can fill, by name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from jepa_ros.engines.lewm_networks import LewmConfig, LewmNetworks
from jepa_ros.engines.lewm_rollout import LewmRollout, PlainLewmRollout
from jepa_ros.engines.networks import ModelConfig, Networks
from jepa_ros.engines.rollout_graph import PlainRollout, RolloutGraph
from jepa_ros.engines.vit import VitConfig

AnyConfig = ModelConfig | LewmConfig
AnyNetworks = Networks | LewmNetworks


@dataclass(frozen=True)
class Architecture:
    """Networks, how large they are, and their rollout: as papers write it, and as bundles do."""

    config: Callable[..., AnyConfig]
    networks: Callable[[Any], AnyNetworks]
    plain: Callable[[Any], nn.Module]
    rollout: Callable[[Any], nn.Module]


ARCHITECTURES = {
    'residual': Architecture(ModelConfig, Networks, PlainRollout, RolloutGraph),
    'lewm': Architecture(LewmConfig, LewmNetworks, PlainLewmRollout, LewmRollout),
}


def name_of(networks: AnyNetworks) -> str:
    """Return the name of the architecture of networks."""
    return 'lewm' if isinstance(networks, LewmNetworks) else 'residual'


def plain_rollout(networks: AnyNetworks) -> nn.Module:
    """Return the rollout of networks as papers write it: the reference."""
    return ARCHITECTURES[name_of(networks)].plain(networks)


def rollout_graph(networks: AnyNetworks) -> nn.Module:
    """Return the rollout of networks that does no work twice: what bundles hold."""
    return ARCHITECTURES[name_of(networks)].rollout(networks)


def networks_of(table: dict[str, Any]) -> AnyNetworks:
    """
    Return networks of the sizes in a manifest's table, their weights not yet filled.

    KeyError names an unknown architecture, TypeError an unknown size, ValueError a wrong one.
    """
    config = networks_config(table)
    return ARCHITECTURES[table.get('architecture', 'residual')].networks(config)


def networks_config(table: dict[str, Any]) -> AnyConfig:
    """Return the sizes of networks from a manifest's table; errors as of ``networks_of``."""
    sizes: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
    architecture = ARCHITECTURES[sizes.pop('architecture', 'residual')]
    if 'vit' in sizes:
        sizes['vit'] = VitConfig(**sizes['vit'])
    return architecture.config(**sizes)
