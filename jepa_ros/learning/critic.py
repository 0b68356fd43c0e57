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

"""
Train the critic offline: cost-to-go in blocks between any two latents of the data.

Expectile temporal differences with hindsight and random goals, on frozen latents: the value
half of GC-IVL (implicit value learning), arXiv 2307.11949, turned from value to cost.
"""

from collections.abc import Iterator
import copy
from pathlib import Path

import torch

from jepa_ros.engines.networks import Networks
from jepa_ros.learning.critic_config import CriticConfig
from jepa_ros.learning.critic_lesson import Lesson
from jepa_ros.learning.data import Episodes
from jepa_ros.learning.latents import Latents
from jepa_ros.learning.machine import CPU, Machine
from jepa_ros.learning.open_floor import OpenFloor
from jepa_ros.learning.run import Run


def train_critic(networks: Networks, episodes: Episodes, latents: Latents, config: CriticConfig,
                 folder: Path, machine: Machine = CPU, floor: OpenFloor | None = None
                 ) -> Iterator[dict[str, float]]:
    """
    Train ``networks.critic`` in place, yielding a row of metrics a step; resumable.

    ``floor`` is where ``config.open_floor`` wants one.  Networks and latents are on the machine's
    device; each rank takes its part of a batch.  KeyboardInterrupt, with the state saved, comes
    where the machine was asked to stop.
    """
    if config.open_floor and floor is None:
        raise ValueError(f'open_floor is {config.open_floor}, and no floor is given')
    networks.eval()     # predictor and whereabouts have dropout, and what is copied keeps its way
    critic = networks.critic
    target_critic = copy.deepcopy(critic)
    optimizer = torch.optim.AdamW(critic.parameters(), config.learning_rate, weight_decay=1e-4)
    run = Run(folder, 'critic', config.steps, config.save_every,
              {'critic': critic, 'target': target_critic, 'optimizer': optimizer}, machine)
    lesson = Lesson(networks, target_critic, episodes, latents, config, machine, floor)
    tells = critic.whereabouts is not None
    open_steps = int(config.open_floor * config.steps)
    for step in range(run.first, config.steps):
        for group in optimizer.param_groups:
            group['lr'] = config.learning_rate * min(1.0, 2.0 * (1 - step / config.steps) + 0.02)
        pairs = lesson.pairs(step) if step < open_steps or tells else None
        if step < open_steps:
            loss, value = lesson.of_open_floor(pairs)
        else:
            loss, value = lesson.of_drives(step)
            if config.imagined:
                loss = ((1.0 - config.imagined) * loss
                        + config.imagined * lesson.of_what_is_imagined(step))
        parts = {'critic_loss': loss, 'cost_to_go': value.mean()}
        if tells:
            # who tells and who is told share no weights that learn
            parts['whereabouts'] = told = lesson.of_where_goals_lie(pairs, step)
            loss = loss + told
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        machine.ranks.average_gradients(critic.parameters())
        optimizer.step()
        with torch.no_grad():
            for slow, fast in zip(target_critic.parameters(), critic.parameters(), strict=True):
                slow.lerp_(fast, config.target_rate)
        joint = machine.ranks.mean(torch.stack(list(parts.values())).detach())
        row = {'step': step, **dict(zip(parts, joint.tolist(), strict=True))}
        run.keep(step, row)
        yield row
    critic.eval()
