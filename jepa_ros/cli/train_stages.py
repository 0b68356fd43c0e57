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


"""The two stages of ``jepa train`` on the terminal: bars, warnings, metrics for TensorBoard."""

import argparse
from pathlib import Path
import sys


def add_tensorboard_argument(parser: argparse.ArgumentParser) -> None:
    """Declare --tensorboard."""
    parser.add_argument('--tensorboard', action=argparse.BooleanOptionalAction,
                        default=argparse.SUPPRESS,
                        help='write metrics for TensorBoard into the run as well '
                        '(default: where it is installed)')


def scalars_wanted(args: argparse.Namespace, here) -> bool:
    """Return whether this rank writes metrics for TensorBoard."""
    from jepa_ros.learning import scalars
    return here.ranks.first and getattr(args, 'tensorboard', scalars.installed())


def world_model_stage(networks, episodes, settings, folder: Path, here, scalars_too: bool,
                      held_out=None) -> None:
    """Train encoder and predictor; say early what goes wrong, on held-out episodes too."""
    from jepa_ros.learning.health import Health, Watch
    from jepa_ros.learning.run import read_metrics
    from jepa_ros.learning.scalars import Scalars
    from jepa_ros.learning.train import train_world_model

    train = settings.train
    watch = Watch(Health.of(train.steps), settings.model.encoded_width, train.clip,
                  train.sigreg_weight)
    before = read_metrics(folder, 'world_model') if here.ranks.first else []
    with bar_of(train.steps, 'world model', here) as bar, \
            Scalars(folder, 'world_model', scalars_too) as scalars:
        known = ''
        for row in train_world_model(networks, episodes, train, folder, here, held_out):
            show_done(bar, int(row['step']) + 1)
            if not here.ranks.first:
                continue
            scalars.write(row)
            # what was said of the steps before a kill is not said again
            while before and before[0]['step'] < row['step']:
                watch.see(before.pop(0))
            for words in watch.see(row):
                bar.write(f'WARNING {words}', file=sys.stderr)
            if 'error_held_out' in row:
                known = (f" error/copy held out {row['error_held_out']:.2f} "
                         f"trained {row['error_trained']:.2f}")
            if int(row['step']) % 20 == 0:
                bar.set_postfix_str(f"next {row['next_latent']:.3f} copy {row['copy_last']:.3f} "
                                    f"sigreg {row['sigreg']:.2f}{known}")


def critic_stage(networks, episodes, settings, folder: Path, here, scalars_too: bool) -> None:
    """Encode the data once and train the critic on it."""
    from jepa_ros.learning.latents import encode_all
    from jepa_ros.learning.metrics import effective_rank

    if here.ranks.first:
        print('encoding every frame once ...', flush=True)
    latents = encode_all(networks, episodes, frame_light=settings.train.frame_light,
                         ranks=here.ranks)
    width = settings.model.encoded_width
    if here.ranks.first:
        rank = effective_rank(latents.clean[:, :width].cpu().numpy())
        print(f'effective rank {rank:.1f} of {width}', flush=True)
    critic_on(latents, networks, episodes, settings, folder, here, scalars_too)


def critic_on(latents, networks, episodes, settings, folder: Path, here,
              scalars_too: bool) -> None:
    """Train the critic on latents that are known."""
    from jepa_ros.learning.critic import train_critic
    from jepa_ros.learning.open_floor import OpenFloor
    from jepa_ros.learning.scalars import Scalars

    floor = None
    if settings.critic.open_floor:
        with bar_of(None, 'open floor, by odometry', here, 'sweep') as bar:
            floor = OpenFloor(episodes, settings.model.block, bar.update)
    with bar_of(settings.critic.steps, 'critic', here) as bar, \
            Scalars(folder, 'critic', scalars_too) as scalars:
        for row in train_critic(networks, episodes, latents, settings.critic, folder, here,
                                floor):
            show_done(bar, int(row['step']) + 1)
            scalars.write(row)
            if int(row['step']) % 50 == 0:
                bar.set_postfix_str(f"loss {row['critic_loss']:.4f}")


def show_done(bar, steps: int) -> None:
    """Show so many steps as done; those of a former run count for no speed."""
    if not bar.n:
        bar.initial = bar.n = bar.last_print_n = steps - 1
    bar.update(steps - bar.n)


def bar_of(total: int | None, name: str, here, unit: str = 'step'):
    """Return a bar on the terminal, of the first rank alone."""
    from tqdm import tqdm
    return tqdm(total=total, unit=unit, desc=name, mininterval=2, disable=not here.ranks.first)
