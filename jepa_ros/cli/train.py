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

"""``jepa train``: train a JEPA world model and its critic on a data set."""

import argparse
import json
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's options."""
    parser.add_argument('--data', type=Path, default=Path('data/warehouse_ceiling'),
                        help='folder made by jepa collect')
    parser.add_argument('--out', type=Path, default=Path('runs/warehouse_ceiling'),
                        help='folder of the run; a run that was cut short goes on from there')
    parser.add_argument('--steps', type=int, default=7000, help='steps of the world model')
    parser.add_argument('--critic-steps', type=int, default=8000, help='steps of the critic')
    parser.add_argument('--seed', type=int, default=0, help='seed of weights and batches')
    parser.add_argument('--random-encoder', action='store_true',
                        help='leave the encoder as it was drawn: the baseline that shows what '
                        'the JEPA adds')


def run(args: argparse.Namespace) -> int:
    """Train both stages, resuming where a former run stopped."""
    import torch
    from tqdm import tqdm

    from jepa_ros.engines.networks import ModelConfig, Networks
    from jepa_ros.learning.checkpoint import save_weights
    from jepa_ros.learning.critic import CriticConfig, encode_all, train_critic
    from jepa_ros.learning.data import load_episodes
    from jepa_ros.learning.metrics import effective_rank
    from jepa_ros.learning.random_encoder import freeze_random_encoder
    from jepa_ros.learning.train import train_world_model, TrainConfig

    config = TrainConfig(steps=args.steps, seed=args.seed)
    critic = CriticConfig(steps=args.critic_steps, seed=args.seed)
    wanted = {'data': str(args.data), 'seed': args.seed, 'steps': args.steps,
              'critic_steps': args.critic_steps, 'random_encoder': args.random_encoder}
    settings = args.out / 'run.json'
    if settings.exists() and json.loads(settings.read_text()) != wanted:
        raise ValueError(f'{args.out} was begun with {settings.read_text()}, not with {wanted}; '
                         'choose another folder or the same options')
    print(f'reading {args.data} ...', flush=True)
    training, held_out = load_episodes(args.data)
    # only now: a run that cannot begin must not bind the next one to its options
    args.out.mkdir(parents=True, exist_ok=True)
    settings.write_text(json.dumps(wanted, indent=2) + '\n')
    print(f'{len(training)} frames to train on, {len(held_out)} held out')
    torch.manual_seed(args.seed)
    networks = Networks(ModelConfig())
    if args.random_encoder:
        freeze_random_encoder(networks, training)
    with tqdm(total=args.steps, unit='step', desc='world model', mininterval=2) as bar:
        for row in train_world_model(networks, training, config, args.out):
            bar.update(int(row['step']) + 1 - bar.n)
            if int(row['step']) % 20 == 0:
                bar.set_postfix_str(f"next {row['next_latent']:.3f} copy {row['copy_last']:.3f} "
                                    f"sigreg {row['sigreg']:.2f}")
    print('encoding every frame once ...', flush=True)
    latents = encode_all(networks, training)
    print(f'effective rank {effective_rank(latents.clean.numpy()):.1f} '
          f'of {networks.config.width}')
    with tqdm(total=args.critic_steps, unit='step', desc='critic', mininterval=2) as bar:
        for row in train_critic(networks, training, latents, critic, args.out):
            bar.update(int(row['step']) + 1 - bar.n)
            if int(row['step']) % 50 == 0:
                bar.set_postfix_str(f"loss {row['critic_loss']:.4f}")
    save_weights(networks, args.out / 'weights.safetensors')
    print(f'weights in {args.out}; next: jepa export --run {args.out}')
    return 0
