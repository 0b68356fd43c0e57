#!/usr/bin/env bash
# Run one command under a heading and say how long it took. Usage: step.sh HEADING COMMAND...
set -uo pipefail

heading=$1
shift
if [ -t 1 ]; then
    printf '\033[1m%s\033[0m\n' "$heading"
else
    echo "$heading"
fi
start=$SECONDS
"$@"
code=$?
if [ $code -eq 0 ]; then
    printf '    done in %d s\n' $((SECONDS - start))
else
    printf '    failed after %d s, exit %d\n' $((SECONDS - start)) $code >&2
fi
exit $code
