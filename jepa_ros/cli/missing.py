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

"""Which file of requirements has a module that is not installed."""

REQUIREMENTS = {
    'robot': ('cv2', 'numpy', 'onnxruntime', 'openvino', 'rosbags', 'tqdm'),
    'sim': ('imageio_ffmpeg', 'matplotlib', 'mujoco'),
    'train': ('onnx', 'onnxscript', 'ruamel', 'safetensors', 'torch'),
    'ros': ('rclpy', 'ament_index_python', 'builtin_interfaces'),
    'import': ('transformers',),
    'signing': ('cryptography',),
    'watch': ('tornado',),
    'rerun': ('rerun',),
}


def advice(module: str) -> str:
    """Say how to install a module, such as 'torch.nn'; '' where it is none of ours to install."""
    top = module.partition('.')[0]
    for file, modules in REQUIREMENTS.items():
        if top in modules or (file == 'ros' and top.endswith(('_msgs', '_srvs'))):
            return f'pip install -r requirements/{file}.txt, or make setup for everything'
    return ''
