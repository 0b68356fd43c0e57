#!/usr/bin/env bash
# Print the path of a Python that the pinned wheels exist for, or say what is missing and stop.
# PYTHON=... names one; otherwise python3 if it fits, else one of 3.10 to 3.13 on PATH.
set -euo pipefail

fits='import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))'
for name in ${PYTHON:-python3 python3.12 python3.11 python3.13 python3.10}; do
    path=$(command -v "$name" || true)
    if [ -n "$path" ] && "$path" -c "$fits" 2>/dev/null; then
        echo "$path"
        exit 0
    fi
done
found=$(python3 --version 2>&1 || true)
echo "jepa_ros needs Python 3.10 to 3.13; tried ${PYTHON:-python3.10 to python3.13, and python3}" \
     "(python3 here: ${found:-none}). Name one with: make PYTHON=/path/to/python3.12" >&2
exit 1
