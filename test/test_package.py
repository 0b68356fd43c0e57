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

"""The package as ROS sees it: manifest, executables, shared files, versions, licences."""

import ast
from pathlib import Path
import re
import runpy
import subprocess
from xml.etree import ElementTree

import pytest
import setuptools

ROOT = Path(__file__).resolve().parents[1]

# import name -> rosdep key, where the two differ
KEYS = {
    'cv2': 'python3-opencv',
    'matplotlib': 'python3-matplotlib',
    'mujoco': 'python3-mujoco-pip',
    'numpy': 'python3-numpy',
    'onnxruntime': 'python3-onnxruntime-pip',
    'torch': 'python3-torch',
    'tornado': 'python3-tornado',
    'tqdm': 'python3-tqdm',
}
ROS = re.compile(r'(\w+_msgs|\w+_srvs|rclpy|launch|launch_ros|builtin_interfaces|rcl_interfaces|'
                 r'ament_index_python|cv_bridge|tf2_ros|rosbag2_py|composition_interfaces)$')
COPYRIGHT = '# Copyright 2026 jepa_ros contributors\n'
LICENCE = '# Licensed under the Apache License, Version 2.0 (the "License");\n'


@pytest.fixture(scope='module')
def manifest() -> ElementTree.Element:
    """Return the root element of package.xml."""
    return ElementTree.parse(ROOT / 'package.xml').getroot()


@pytest.fixture(scope='module')
def setup_arguments() -> dict:
    """Return what setup.py hands to setuptools, without running a command."""
    with pytest.MonkeyPatch.context() as patch:
        given: dict = {}
        patch.setattr(setuptools, 'setup', lambda **arguments: given.update(arguments))
        patch.chdir(ROOT)
        runpy.run_path(str(ROOT / 'setup.py'))
    return given


def project_files() -> list[Path]:
    """Return the files of the project, relative to its root: those git does not ignore."""
    listing = subprocess.run(
        ['git', '-C', str(ROOT), 'ls-files', '--cached', '--others', '--exclude-standard', '-z'],
        capture_output=True, check=False)
    if listing.returncode != 0:
        pytest.skip('not a git checkout')
    names = listing.stdout.decode().split('\0')
    return [Path(name) for name in sorted(set(names)) if name and (ROOT / name).is_file()]


def imported(folder: str) -> dict[str, str]:
    """Return the top modules imported under a folder, each with one file that does so."""
    found = {}
    for path in sorted((ROOT / folder).rglob('*.py')):
        for node in ast.walk(ast.parse(path.read_text(), str(path))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            else:
                continue
            found.update({name.split('.')[0]: str(path.relative_to(ROOT)) for name in names})
    return found


def test_manifest_is_a_format_3_ament_python_package(manifest):
    assert manifest.get('format') == '3'
    assert manifest.findtext('name') == 'jepa_ros'
    assert manifest.findtext('license') == 'Apache-2.0'
    assert manifest.findtext('export/build_type') == 'ament_python'
    assert (ROOT / 'resource' / 'jepa_ros').is_file()


def test_every_import_has_its_dependency(manifest):
    declared = {
        entry.text for entry in manifest if entry.tag in ('depend', 'exec_depend')}
    modules = {**imported('launch'), **imported('jepa_ros')}
    wanted = {KEYS.get(name, name): path for name, path in modules.items()
              if name in KEYS or ROS.match(name)}
    missing = {key: path for key, path in wanted.items() if key not in declared}
    assert not missing, f'imported, but not in package.xml: {missing}'
    assert 'rclpy' in wanted        # the walk did find something


def test_no_dependency_is_declared_twice(manifest):
    declared = [(entry.tag, entry.text) for entry in manifest if entry.tag.endswith('depend')]
    assert len(declared) == len(set(declared))


def test_every_executable_has_its_function(setup_arguments):
    scripts = setup_arguments['entry_points']['console_scripts']
    assert {script.split(' = ')[0] for script in scripts} == {
        'planner_node', 'command_gate', 'simulator_node', 'goal_sender', 'recorder_node',
        'driver_node', 'jepa'}
    for script in scripts:
        module, function = script.split(' = ')[1].split(':')
        tree = ast.parse((ROOT / (module.replace('.', '/') + '.py')).read_text())
        assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_shared_file_is_installed_under_its_own_path(setup_arguments):
    installed = {
        source: target for target, sources in setup_arguments['data_files'] for source in sources}
    assert installed['resource/jepa_ros'] == 'share/ament_index/resource_index/packages'
    assert installed['package.xml'] == 'share/jepa_ros'
    shared = [path for path in project_files()
              if path.parts[0] in ('launch', 'config', 'models', 'worlds')]
    assert shared
    for path in shared:
        assert installed[path.as_posix()] == f'share/jepa_ros/{path.parent.as_posix()}'


def test_every_module_is_in_a_package(setup_arguments):
    packages = set(setup_arguments['packages'])
    for path in (ROOT / 'jepa_ros').rglob('*.py'):
        assert '.'.join(path.relative_to(ROOT).parent.parts) in packages


def test_versions_agree(manifest, setup_arguments):
    version = manifest.findtext('version')
    assert re.fullmatch(r'\d+\.\d+\.\d+', version)
    assert setup_arguments['version'] == version
    changes = (ROOT / 'CHANGELOG.rst').read_text()
    newest = re.search(r'^(\d+\.\d+\.\d+) \(\d{4}-\d\d-\d\d\)$', changes, re.MULTILINE)
    assert newest is not None
    assert newest[1] == version


def test_every_requirement_is_pinned():
    lines = [line for path in (ROOT / 'requirements').glob('*.txt')
             for line in path.read_text().splitlines() if line and not line.startswith('#')]
    assert lines
    loose = [line for line in lines
             if not re.fullmatch(r'[A-Za-z0-9._-]+(\[\w+\])?==[0-9.]+(\s*;.+)?', line)]
    assert not loose


def test_every_python_file_names_its_licence():
    python = [path for path in project_files() if path.suffix == '.py']
    assert python
    texts = {path: (ROOT / path).read_text() for path in python}
    bare = [str(path) for path, text in texts.items()
            if text and not (COPYRIGHT in text[:200] and LICENCE in text[:400])]
    assert not bare, f'no licence header: {bare}'
    assert 'Apache License' in (ROOT / 'LICENSE').read_text()[:200]


def test_nothing_points_at_one_machine_or_one_registry():
    hosts = ('pypi' + '.org', 'pythonhosted' + '.org', 'download.pytorch' + '.org')
    places = re.compile(r'(?<![\w.])/(?:tmp|root|home|Users|work|mnt)/\w')
    for path in project_files():
        data = (ROOT / path).read_bytes()
        if b'\0' in data:
            continue
        for number, line in enumerate(data.decode().splitlines(), start=1):
            host = next((host for host in hosts if host in line), None)
            assert host is None, f'{path}:{number} names the registry {host}'
            assert not places.search(line), f'{path}:{number} names a path of one machine: {line}'
