#!/usr/bin/env bash
# Write the locks with the uv at $1; further words (--upgrade) are passed on to it.
# dev.txt comes first and constrains the others, so that all of them agree on every version.
set -eu -o pipefail
cd "$(dirname "$0")/.."

uv=$1
shift
compile() {
    "$uv" pip compile --quiet --universal --generate-hashes --python-version 3.11 \
        --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" "$@"
}
compile "$@" --all-extras pyproject.toml --output-file requirements/dev.txt
compile "$@" --extra onnx --extra kafka --extra s3 --extra kubernetes pyproject.toml --constraint requirements/dev.txt \
    --no-annotate --output-file requirements/run.txt
compile "$@" requirements/build.in --constraint requirements/dev.txt \
    --output-file requirements/build.txt
