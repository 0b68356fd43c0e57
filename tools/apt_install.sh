#!/usr/bin/env bash
# Install system packages with apt-get where that needs no question; else print the command and stop.
# Usage: apt_install.sh PURPOSE PACKAGE...
set -euo pipefail

purpose=$1
shift
ask() {
    echo "Missing for $purpose: $*. Please install, then run make again:" >&2
    echo "    sudo apt-get install $*" >&2
    exit 1
}
command -v apt-get >/dev/null || ask "$@"
if [ "$(id -u)" = 0 ]; then
    run=(env DEBIAN_FRONTEND=noninteractive)
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    run=(sudo -n env DEBIAN_FRONTEND=noninteractive)
else
    ask "$@"
fi
echo "    apt-get install $* (for $purpose)"
"${run[@]}" apt-get update -qq >/dev/null || true
"${run[@]}" apt-get install -qq --no-install-recommends "$@" >/dev/null || ask "$@"
