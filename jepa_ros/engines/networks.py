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
The networks that a bundle's weights fill: encoder, predictor and critic, in LeCun's words.

LeWorldModel, arXiv 2603.19312, trains encoder and predictor end to end; the critic learns
cost-to-go on their frozen latents.
"""

from dataclasses import dataclass

import torch
from torch import nn, Tensor
from torch.nn import functional

from jepa_ros.engines.encoder_parts import projector, scaled
from jepa_ros.engines.keypoint_encoder import KeypointEncoder
from jepa_ros.engines.vision_encoder import VisionConfig, VisionEncoder


@dataclass(frozen=True)
class ModelConfig:
    """
    Sizes of the networks; ``low`` and ``high`` (A,) are the action limits in physical units.

    The last P of the ``width`` numbers of a latent are proprioception itself, each divided by its
    ``proprioception_scale``: at rest they are zero.  ``history`` T is how many latents, a block
    apart, predictor and critic see.  ``keypoints`` above 0 makes the encoder one of so many, and
    each of the ``channels`` halves the picture; without, the first of them quarters it.
    ``whereabouts_hidden`` above 0 gives the critic ``Whereabouts`` of that width.  With
    ``vision`` the encoder is one of a public checkpoint, and ``channels``, ``keypoints`` and
    ``encoder_hidden`` mean nothing.
    """

    image_px: int = 64
    width: int = 64
    channels: tuple[int, ...] = (64, 128, 160)
    keypoints: int = 0
    encoder_hidden: int = 256
    predictor_hidden: int = 256
    predictor_layers: int = 3
    critic_hidden: int = 320
    whereabouts_hidden: int = 0
    dropout: float = 0.1
    history: int = 1
    block: int = 5
    horizon: int = 5
    early_weight: float = 0.3
    low: tuple[float, ...] = (-0.6, -1.5)
    high: tuple[float, ...] = (0.6, 1.5)
    proprioception_scale: tuple[float, ...] = ()
    vision: VisionConfig | None = None

    def __post_init__(self) -> None:
        """Refuse sizes that do not fit together; ValueError names them."""
        if isinstance(self.vision, dict):   # as JSON gives it back
            object.__setattr__(self, 'vision', VisionConfig(**self.vision))
        if self.vision is not None:
            self.vision.patches(self.image_px)
        elif self.image_px % self.stride:
            raise ValueError(f'image_px is {self.image_px}, must be a multiple of {self.stride}')
        if len(self.low) != len(self.high):
            raise ValueError(f'low has {len(self.low)} entries, high has {len(self.high)}')
        if self.whereabouts_hidden < 0:
            raise ValueError(f'whereabouts_hidden is {self.whereabouts_hidden}, must be at least '
                             '0, which is without')
        if self.keypoints < 0:
            raise ValueError(f'keypoints is {self.keypoints}, must be at least 0, which is '
                             'without')
        if self.history < 1:
            raise ValueError(f'history is {self.history}, must be at least 1')
        if not len(self.proprioception_scale) < self.width:
            raise ValueError(f'width is {self.width}, must be above the '
                             f'{len(self.proprioception_scale)} numbers of proprioception')
        if any(not scale > 0.0 for scale in self.proprioception_scale):
            raise ValueError(f'proprioception_scale is {self.proprioception_scale}, '
                             'must be above 0')

    @property
    def encoded_width(self) -> int:
        """Return how many numbers of a latent the encoder makes of a picture."""
        return self.width - len(self.proprioception_scale)

    @property
    def stride(self) -> int:
        """Return the pixels on a side that one cell of the last feature map covers."""
        return 2 ** (len(self.channels) + (0 if self.keypoints else 1))


class Encoder(nn.Module):
    """Images (B, h, w, 3) uint8 RGB to latents (B, 1, D - P); normalisation is inside."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        previous = 3
        for i, channels in enumerate(config.channels):
            # overlapping 8-pixel patches first: half the work of two stride-2 layers on a CPU
            size, stride, padding = (8, 4, 2) if i == 0 else (3, 2, 1)
            layers += [nn.Conv2d(previous, channels, size, stride, padding, bias=False),
                       nn.BatchNorm2d(channels), nn.SiLU()]
            previous = channels
        self.convolutions = nn.Sequential(*layers)
        side = config.image_px // config.stride
        self.projector = projector(side * side * previous, config.encoder_hidden,
                                   config.encoded_width)

    def forward(self, images: Tensor) -> Tensor:
        """Encode uint8 images, or float ones on the same 0 to 255 scale."""
        return self.projector(self.convolutions(scaled(images))).unsqueeze(1)


class Predictor(nn.Module):
    """The next latent from the last T, the blocks that ended at each, and the block to come."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        hidden = config.predictor_hidden
        low, high = torch.tensor(config.low), torch.tensor(config.high)
        self.register_buffer('centre', (low + high) / 2)
        self.register_buffer('half_range', (high - low) / 2)
        width = (config.history + 1) * config.block * len(config.low)
        self.act = nn.Sequential(nn.Linear(width, hidden), nn.SiLU(), nn.Linear(hidden, hidden),
                                 nn.SiLU())
        self.enter = nn.Linear(config.history * config.width, hidden)
        self.modulate = nn.ModuleList(
            nn.Linear(hidden, 2 * hidden) for _ in range(config.predictor_layers))
        self.norm = nn.LayerNorm(hidden, elementwise_affine=False)
        self.mix = nn.ModuleList(
            nn.Sequential(nn.Linear(hidden, 3 * hidden // 2), nn.SiLU(),
                          nn.Dropout(config.dropout), nn.Linear(3 * hidden // 2, hidden))
            for _ in range(config.predictor_layers))
        self.leave = nn.Linear(hidden, config.width)
        for layer in (*self.modulate, self.leave):
            nn.init.zeros_(layer.bias)
            nn.init.normal_(layer.weight, std=0.02)

    def forward(self, latents: Tensor, before: Tensor, block: Tensor) -> Tensor:
        """
        Predict (B, D) from latents (B, T, D), before (B, T, K, A) and block (B, K, A).

        A residual network whose layers the actions modulate (AdaLN).
        """
        blocks = torch.cat([before, block.unsqueeze(1)], dim=1)  # (B, T + 1, K, A)
        action = self.act(((blocks - self.centre) / self.half_range).flatten(1))
        h = self.enter(latents.flatten(1))
        for modulate, mix in zip(self.modulate, self.mix, strict=True):
            scale, shift = modulate(action).chunk(2, dim=-1)
            h = h + mix(self.norm(h) * (1 + scale) + shift)
        return latents[:, -1] + self.leave(h)


def beside(latents: Tensor, goal: Tensor) -> Tensor:
    """Return the last T latents (B, T, D), a goal (B, D) and what parts them, (B, (T + 2) D)."""
    return torch.cat([latents.flatten(-2), goal, latents[..., -1, :] - goal], dim=-1)


class Whereabouts(nn.Module):
    """
    Where a goal latent lies, as seen by the robot of the last T latents, on a plane.

    Odometry teaches it, together with the encoder: so latents tell places apart that look alike.
    """

    TOLD, FEATURES = 6, 16
    SCALES_M = (1.0, 0.3, 0.1)
    LEAST_LOG_M, MOST_LOG_M = -3.5, 1.5     # 3 cm, 4.5 m

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        hidden = config.whereabouts_hidden
        layers: list[nn.Module] = []
        width = (config.history + 2) * config.width
        for _ in range(3):
            layers += [nn.Linear(width, hidden), nn.LayerNorm(hidden), nn.SiLU(),
                       nn.Dropout(config.dropout)]
            width = hidden
        self.layers = nn.Sequential(*layers, nn.Linear(hidden, self.TOLD))

    def forward(self, latents: Tensor, goal: Tensor) -> Tensor:
        """
        Tell (B, 6) of latents (B, T, D) and goals (B, D).

        m ahead, m to the left, cosine and sine of the turn; then the natural logarithms of the
        mean absolute errors to expect of the first two and of the others.
        """
        return self.bounded(self.layers(beside(latents, goal)))

    @classmethod
    def bounded(cls, told: Tensor) -> Tensor:
        """Keep the two logarithms of what the layers made (..., 6) within their limits."""
        return torch.cat([told[..., :4],
                          told[..., 4:].clamp(cls.LEAST_LOG_M, cls.MOST_LOG_M)], dim=-1)

    @staticmethod
    def goal_pose(told: Tensor) -> Tensor:
        """Return what was told (6,) with the errors themselves, not their logarithms."""
        return torch.cat([told[:4], told[4:].exp()])

    @classmethod
    def features(cls, told: Tensor) -> Tensor:
        """Return what was told (B, 6) on the scales of a room, a robot and a goal (B, 16)."""
        ahead_left_sine = told[..., [0, 1, 3]]
        distance = told[..., :2].square().sum(dim=-1, keepdim=True).add(1e-4).sqrt()
        return torch.cat([told, distance] + [torch.tanh(ahead_left_sine / scale)
                                             for scale in cls.SCALES_M], dim=-1)


class Critic(nn.Module):
    """Cost-to-go in blocks (B,) from the last T latents (B, T, D) to a goal latent (B, D)."""

    SCALE_BLOCKS = 10.0

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        hidden = config.critic_hidden
        width = (config.history + 2) * config.width
        self.whereabouts = None
        if config.whereabouts_hidden:
            self.whereabouts = Whereabouts(config)
            width += Whereabouts.FEATURES
        self.layers = nn.Sequential(
            nn.Linear(width, hidden), nn.LayerNorm(hidden), nn.SiLU(),
            nn.Linear(hidden, hidden), nn.LayerNorm(hidden), nn.SiLU(),
            nn.Linear(hidden, hidden), nn.LayerNorm(hidden), nn.SiLU(), nn.Linear(hidden, 1))

    def forward(self, latents: Tensor, goal: Tensor) -> Tensor:
        """Return V(z, z_goal), never negative."""
        return self.judge(latents, goal)[0]

    def judge(self, latents: Tensor, goal: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return V(z, z_goal), and what whereabouts told (B, 6) where there are some."""
        seen, told = beside(latents, goal), None
        if self.whereabouts is not None:
            told = self.whereabouts(latents, goal).detach()     # odometry alone teaches it
            seen = torch.cat([seen, self.whereabouts.features(told)], dim=-1)
        out = self.layers(seen).squeeze(-1)
        return functional.softplus(out) * self.SCALE_BLOCKS, told


def _encoder(config: ModelConfig) -> nn.Module:
    """Return an untrained encoder of the kind that is asked for."""
    if config.vision is not None:
        return VisionEncoder(config.vision, config.image_px, config.encoded_width)
    if config.keypoints:
        return KeypointEncoder(config.image_px, config.channels, config.keypoints,
                               config.encoder_hidden, config.encoded_width)
    return Encoder(config)


class Networks(nn.Module):
    """Everything a bundle's weights hold."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = _encoder(config)
        self.predictor = Predictor(config)
        self.critic = Critic(config)
        self.register_buffer('proprioception_scale', torch.tensor(config.proprioception_scale),
                             persistent=False)

    def with_proprioception(self, encoded: Tensor, proprioception: Tensor) -> Tensor:
        """Return latents (B, D) of what the encoder made (B, D - P), and of (B, P)."""
        if not len(self.proprioception_scale):
            return encoded
        return torch.cat([encoded, proprioception / self.proprioception_scale], dim=-1)

    def at_rest(self, latents: Tensor) -> Tensor:
        """Return latents (..., D) as goals: where the robot stands still."""
        count = len(self.proprioception_scale)
        if not count:
            return latents
        return torch.cat([latents[..., :-count], torch.zeros_like(latents[..., -count:])], dim=-1)
