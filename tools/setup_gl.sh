#!/usr/bin/env bash
# See to it that MuJoCo can render without a screen; write the way it does so to FILE.
# Usage: setup_gl.sh PYTHON FILE
set -euo pipefail

python=$1
file=$2
here=$(dirname "$0")
check() { "$python" "$here/check_gl.py" >"$file.part" 2>"$file.log"; }

if ! check; then
    echo '    no way to render without a screen yet; installing libEGL'
    "$here/apt_install.sh" 'rendering without a screen' libegl1 libgl1 libopengl0 libgl1-mesa-dri
    if ! check; then
        "$here/apt_install.sh" 'rendering without a screen' libosmesa6
        check || { cat "$file.log" >&2; exit 1; }
    fi
fi
rm -f "$file.log"
mv "$file.part" "$file"
echo "    renders with $(cat "$file")"
