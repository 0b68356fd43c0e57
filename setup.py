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

"""Install jepa_ros as an ament_python package: modules, executables, and the files they share."""

from pathlib import Path

from setuptools import find_packages, setup

NAME = 'jepa_ros'


def shared_files():
    """
    Return the data_files of a ROS 2 package: the resource marker, package.xml, and whole folders.

    Every file under launch, config, models and worlds goes to share/jepa_ros under the same path.
    """
    here = Path(__file__).resolve().parent
    shared = [
        ('share/ament_index/resource_index/packages', [f'resource/{NAME}']),
        (f'share/{NAME}', ['package.xml']),
    ]
    for top in ('launch', 'config', 'models', 'worlds'):
        by_folder = {}
        for path in sorted((here / top).rglob('*')):
            relative = path.relative_to(here)
            if path.is_file() and '__pycache__' not in relative.parts:
                by_folder.setdefault(relative.parent.as_posix(), []).append(relative.as_posix())
        shared += [(f'share/{NAME}/{folder}', files) for folder, files in by_folder.items()]
    return shared


setup(
    name=NAME,
    version='0.1.0',
    packages=find_packages(include=[NAME, f'{NAME}.*']),
    package_data={f'{NAME}.web': ['page/*']},
    data_files=shared_files(),
    python_requires='>=3.10',
    install_requires=['setuptools'],
    extras_require={'test': ['pytest']},
    zip_safe=True,
    maintainer='jepa_ros contributors',
    maintainer_email='maintainers@jepa-ros.example',
    description='Plans towards a goal picture with a JEPA world model, on ROS 2',
    license='Apache-2.0',
    entry_points={
        'console_scripts': [
            'planner_node = jepa_ros.ros.executables:planner_node',
            'command_gate = jepa_ros.ros.executables:command_gate',
            'simulator_node = jepa_ros.ros.executables:simulator_node',
            'goal_sender = jepa_ros.ros.executables:goal_sender',
            'recorder_node = jepa_ros.ros.executables:recorder_node',
            'driver_node = jepa_ros.ros.executables:driver_node',
            'jepa = jepa_ros.cli.main:main',
        ],
    },
)
