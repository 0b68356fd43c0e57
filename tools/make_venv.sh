#!/usr/bin/env bash
# Make the virtual environment DIR; on Debian and Ubuntu add the venv package where it is missing.
set -euo pipefail

venv=$1
here=$(dirname "$0")
pip=26.3        # older ones, such as Ubuntu 22.04's, lose their way among the ROS wheels

if [ "$(uname -s)-$(uname -m)" != Linux-x86_64 ]; then
    echo "The ROS 2 wheels exist for Linux on x86-64, this is $(uname -s) on $(uname -m)." \
         'Use a ROS 2 installation and colcon build instead (README.md, "With ROS 2").' >&2
    exit 1
fi
python=$("$here/find_python.sh")
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    "$here/apt_install.sh" "a virtual environment of $python" \
        "$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
fi
rm -rf "$venv"
"$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --quiet "pip==$pip"
echo "    $venv: $("$venv/bin/python" --version)"
