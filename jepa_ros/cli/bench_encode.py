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

"""``jepa bench encode``: frames a second, engine by engine, PyTorch eager beside them."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
import time
from typing import Any, TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jepa_ros.engines.manifest import Manifest

LOADS = ('bundle', 'vit-large')
ENGINES = ('torch-compile', 'onnxruntime', 'openvino')
EAGER = 'torch-eager'


@dataclass(frozen=True)
class Entrant:
    """What is timed: an engine in a precision, and what encodes a batch with it."""

    engine: str
    precision: str
    encode: Callable[[], np.ndarray]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the part's options."""
    parser.add_argument('--model', type=Path, default=Path('models/warehouse_ceiling'),
                        help='folder of the bundle')
    parser.add_argument('--loads', nargs='+', choices=LOADS, default=list(LOADS),
                        help="the bundle's encoder, a ViT-L/16 at 256 px with random weights")
    parser.add_argument('--batches', nargs='+', type=int, default=[1, 4],
                        help='pictures in a call')
    parser.add_argument('--engines', nargs='+', choices=ENGINES, default=list(ENGINES),
                        help='engines beside torch-eager')
    parser.add_argument('--threads', type=int, default=2, help='threads of each engine')
    parser.add_argument('--rounds', type=int, default=2,
                        help='times that all engines take their turn')
    parser.add_argument('--seconds', type=float, default=3.0,
                        help='each engine encodes for so long in a round, once at the least')
    parser.add_argument('--seed', type=int, default=0, help='seed of weights and pictures')


def run(args: argparse.Namespace) -> list[dict[str, object]]:
    """Time every engine on every load and batch; return the rows."""
    for name, least in (('threads', 1), ('rounds', 1), ('seconds', 0.0)):
        if not getattr(args, name) >= least:
            raise ValueError(f'{name} is {getattr(args, name)}, must be at least {least}')
    if min(args.batches) < 1:
        raise ValueError(f'batches has {min(args.batches)}, must be at least 1')
    import torch

    from jepa_ros.engines.manifest import load_manifest
    from jepa_ros.learning.flops import encoder_gflop
    torch.set_num_threads(args.threads)
    manifest = load_manifest(args.model)
    rows: list[dict[str, object]] = []
    for load in args.loads:
        name, encoder, image_px = _encoder(load, manifest, args.seed)
        gflop = encoder_gflop(encoder, image_px)
        for batch in args.batches:
            with TemporaryDirectory() as scratch:
                entrants = _entrants(encoder, image_px, batch, replace(
                    manifest, folder=Path(scratch), name=name), args)
                rows += _measure(entrants, name, batch, gflop, args)
    return rows


def _encoder(load: str, manifest: 'Manifest', seed: int) -> tuple[str, Any, int]:
    """Return the name of a load, its module and the side of its pictures in pixels."""
    import torch

    from jepa_ros.engines.torch_engine import load_networks
    from jepa_ros.engines.vit import Vit, VIT_LARGE
    if load == 'bundle':
        return manifest.name, load_networks(manifest).encoder, manifest.spec.image_height
    torch.manual_seed(seed)
    return load, Vit(VIT_LARGE).eval(), VIT_LARGE.image_px


def _entrants(encoder: Any, image_px: int, batch: int, manifest: 'Manifest',
              args: argparse.Namespace) -> list[Entrant]:
    """Return everything that can be timed here, PyTorch eager first; say what cannot."""
    import torch

    from jepa_ros.engines import onnx_engine, openvino_engine
    from jepa_ros.engines.manifest import GraphSpec, sha256, TensorSpec
    from jepa_ros.learning.export import export_graph
    pictures = np.random.default_rng(args.seed).integers(
        0, 256, (batch, image_px, image_px, 3), dtype=np.uint8)
    images = torch.from_numpy(pictures)

    @torch.no_grad()
    def with_torch(module: Any) -> np.ndarray:
        latents: np.ndarray = module(images).numpy()
        return latents

    found = [Entrant(EAGER, 'fp32', lambda: with_torch(encoder))]
    if 'torch-compile' in args.engines:
        compiled = torch.compile(encoder)
        found.append(Entrant('torch-compile', 'fp32', lambda: with_torch(compiled)))
    export_graph(encoder, (images,), manifest.folder / 'encoder.onnx', ('image',), ('latent',))
    files = manifest.raw['files'] | {'encoder.onnx': sha256(manifest.folder / 'encoder.onnx')}
    manifest = replace(manifest, raw=manifest.raw | {'files': files})
    shape = found[0].encode().shape
    graph = GraphSpec('encoder.onnx', (TensorSpec('image', 'uint8', pictures.shape),),
                      (TensorSpec('latent', 'float32', shape),))
    for engine, compile_graph, precision in (
            ('onnxruntime', onnx_engine.compile_graph, 'fp32'),
            ('openvino', openvino_engine.compile_graph, 'fp32'),
            ('openvino', openvino_engine.compile_graph, 'bf16')):
        if engine in args.engines:
            try:
                call = compile_graph(manifest, graph, args.threads, precision)
            except ValueError as error:
                print(f'{manifest.name}: {engine} in {precision} is left out: {error}',
                      file=sys.stderr)
                continue
            found.append(Entrant(engine, precision, lambda call=call: call([pictures])[0]))
    return found


def _measure(entrants: list[Entrant], load: str, batch: int, gflop: float,
             args: argparse.Namespace) -> list[dict[str, object]]:
    from tqdm import tqdm

    from jepa_ros.learning.flops import gemm_peak_gflops
    exact = entrants[0].encode()
    errors = {e: float(np.sqrt(np.square(e.encode() - exact).mean() / np.square(exact).mean()))
              for e in entrants}
    times_s: dict[Entrant, list[float]] = {e: [] for e in entrants}
    peaks: dict[str, float] = {}
    with tqdm(total=args.rounds * len(entrants), desc=f'{load} x {batch}', unit='turn',
              file=sys.stderr) as bar:
        for _ in range(args.rounds):
            for precision in {e.precision for e in entrants}:
                peak = gemm_peak_gflops(precision, args.threads)
                peaks[precision] = max(peaks.get(precision, peak), peak)
            for e in entrants:
                bar.set_postfix_str(f'{e.engine} {e.precision}')
                times_s[e] += _times(e.encode, args.seconds)
                bar.update()
    per_s = {e: batch / float(np.median(times_s[e])) for e in entrants}
    return [{'load': load, 'engine': e.engine, 'precision': e.precision, 'batch': batch,
             'frames_per_s': per_s[e], 'ratio_to_eager': per_s[e] / per_s[entrants[0]],
             'gflops': gflop * per_s[e], 'peak_fraction': gflop * per_s[e] / peaks[e.precision],
             'latent_error': errors[e], 'threads': args.threads} for e in entrants]


def _times(encode: Callable[[], np.ndarray], seconds: float) -> list[float]:
    encode()
    times_s: list[float] = []
    ends_s = time.perf_counter() + seconds
    while not times_s or time.perf_counter() < ends_s:
        begun_s = time.perf_counter()
        encode()
        times_s.append(time.perf_counter() - begun_s)
    return times_s
