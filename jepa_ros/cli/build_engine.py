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

"""``jepa build-engine``: build a bundle's TensorRT engines into the user's cache."""

import argparse
from collections import Counter
from pathlib import Path
import time

from jepa_ros.config import PlannerConfig


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's options."""
    parser.add_argument('--model', type=Path, default=Path('models/warehouse_ceiling'),
                        help='folder of the bundle')
    parser.add_argument('--precision', default='fp32',
                        help='of the matrix products: fp32, fp16, bf16, or int8 (after '
                        'jepa calibrate)')
    parser.add_argument('--candidates', type=int, default=PlannerConfig.candidates,
                        help='candidates in a call, usually: the engine is tuned for them')
    parser.add_argument('--max-candidates', type=int, default=1024,
                        help='candidates in a call, at most')
    parser.add_argument('--offline', action='store_true',
                        help='build without a GPU, for --target; only tensorrt_rtx can')
    parser.add_argument('--target', default='any',
                        help='with --offline: compute capability of the robot, as sm_89, or any')
    parser.add_argument('--inspect', action='store_true', help='print every layer')


def run(args: argparse.Namespace) -> int:
    """Build both engines; say where they are and what they are made of."""
    from jepa_ros.cli.bar import Bar
    from jepa_ros.engines.cuda import Cuda, CudaError
    from jepa_ros.engines.int8_graphs import graphs_in
    from jepa_ros.engines.manifest import load_manifest
    from jepa_ros.engines.tensorrt_build import Candidates, load_tensorrt
    from jepa_ros.engines.tensorrt_cache import EngineCache
    from jepa_ros.engines.tensorrt_entry import device_of, store, Wish

    if args.target != 'any' and not args.offline:
        raise ValueError(f'target is {args.target!r}, which is for --offline only')
    candidates = Candidates(min(1, args.candidates), args.candidates, args.max_candidates)
    manifest = load_manifest(args.model)
    trt = load_tensorrt()
    target = args.target if args.offline else None
    try:
        wish = Wish(args.precision, candidates, target or device_of(trt, Cuda()))
    except CudaError as error:
        raise RuntimeError(f'there is no GPU that CUDA can use ({error}); to build for another '
                           'machine add --offline') from error
    for graph in graphs_in(manifest, args.precision):
        began = time.perf_counter()
        with Bar(graph.file) as told:
            path, built = store(trt, EngineCache(), manifest, graph, wish, target, told)
        counts = Counter(layer.precision for layer in built.layers)
        print(f'{graph.file} for {wish.device}: {path}, {len(built.blob) / 1e6:.1f} MB, '
              f'{time.perf_counter() - began:.1f} s, layers: '
              + ', '.join(f'{n} {precision}' for precision, n in counts.most_common()))
        if args.inspect:
            for layer in built.layers:
                print(f'  {layer.precision:7}{layer.kind:22}{layer.name}')
    return 0
