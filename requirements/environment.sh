#!/usr/bin/env bash
# Make a virtual environment at $1 with the first Python of at least 3.11 that works.
# A candidate is run, not only looked up: a version switcher's shim may stand for nothing.
set -eu -o pipefail

fits='import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))'
for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14}; do
    if "$candidate" -c "$fits" > /dev/null 2>&1; then
        echo "making $1 with $("$candidate" --version)" >&2
        exec "$candidate" -m venv "$1"
    fi
done
echo "headrace needs Python 3.11 or newer with venv, and none of these is one:" \
    "${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14}." >&2
echo "remedy: install python3 and python3-venv, or say which: make PYTHON=/path/to/python3.12" >&2
exit 1
