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

"""The route that the planner follows, where it has one: which goals lie on it, and its end."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jepa_ros.core.agent import Agent
from jepa_ros.core.follower import Follower
from jepa_ros.core.following import FollowerConfig
from jepa_ros.core.route import Route
from jepa_ros.core.route_plan import at_rest
from jepa_ros.core.searching import nearest_node
from jepa_ros.core.trouble import Trouble
from jepa_ros.core.world_model import WorldModel
from jepa_ros.engines.route_files import encoder_hash, load_route, RouteError, to_route
from jepa_ros.ros import planner_params
from jepa_ros.types import Image


class RouteGoals:
    """
    Make goals of a route: a picture near it, or its end; ``config`` is for the next one.

    ``trouble`` is what the drive has been through that a goal is for.
    """

    def __init__(self, model: WorldModel, route: Route, config: FollowerConfig) -> None:
        self._model, self._route, self.config = model, route, config

    def to_end(self, trouble: Trouble) -> Follower:
        """Return what leads to the end of the route."""
        return Follower(self._route, self.config, trouble=trouble)

    def to_picture(self, agent: Agent, picture: Image, trouble: Trouble) -> Follower:
        """Return what leads to a goal picture; ValueError where it is none, or not near."""
        goal = agent.goal_of(picture)
        node = nearest_node(self._route, goal, at_rest(self._model), self.config)
        return Follower(self._route, self.config, goal, node, trouble)


def make_route(model: WorldModel, bundle: Path, values: dict[str, Any],
               tell: Callable[[str], object]) -> RouteGoals | None:
    """
    Return the route that the parameters name, None where they name none; ``tell`` warns.

    Raises RouteError where it is none, or not for this model or this part of the picture.
    """
    if not values['route']:
        return None
    folder = Path(values['route']).expanduser()
    files = load_route(folder, model.spec.image_height, model.spec.image_width)
    region = planner_params.region(values)
    if files.region != region:
        raise RouteError(f'{folder}: its pictures are of region {list(files.region)}, the '
                         f'parameter region is {list(region)}')
    route, warning = to_route(files, model, encoder_hash(bundle))
    if warning:
        tell(f'{folder}: {warning}')
    return RouteGoals(model, route, planner_params.follower_config(values))
