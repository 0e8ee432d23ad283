#!/usr/bin/env bash
# Write the locks of the model servers anew with the uv at $1 from requirements.in beside each;
# further words (--upgrade) are passed on to it.
set -eu -o pipefail
cd "$(dirname "$0")"

uv=$1
shift
for server in kserve mlserver triton litellm llama; do
    "$uv" pip compile --quiet --universal --generate-hashes --python-version 3.11 \
        --no-annotate --no-emit-index-url --no-emit-find-links \
        --custom-compile-command "tests/servers/recipes/lock.sh" \
        --no-emit-package llama-cpp-python "$@" "$server/requirements.in" \
        --output-file "$server/lock.txt"
done
