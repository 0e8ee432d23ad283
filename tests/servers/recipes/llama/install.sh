#!/usr/bin/env bash
# Install llama.cpp's Python server and make a model of random weights, where its wheel has been
# built: llama/install.sh CACHE -> CACHE/models/llama-0.3.36/{environment,tiny.gguf}
# HEADRACE_BUILD_LLAMA=1 builds the wheel, once, into CACHE/wheels.
set -eu -o pipefail
cd "$(dirname "$0")"
server=llama cache=$1
whole=$cache/models/llama-0.3.36
[ ! -d "$whole" ] || exit 0

wheels=$cache/wheels/llama_cpp_python-0.3.36
if ! compgen -G "$wheels-*.whl" > /dev/null && [ "${HEADRACE_BUILD_LLAMA:-}" != 1 ]; then
    echo "llama: no wheel in $cache/wheels, its tests are skipped; HEADRACE_BUILD_LLAMA=1 makes" \
        "servers build it (7 minutes of two free cores)"
    exit 77
fi
. ../environments.sh
begin
make_environment "$part/whole/environment" ">=3.11,<3.13"
python=$part/whole/environment/bin/python
if ! compgen -G "$wheels-*.whl" > /dev/null; then
    command -v cc c++ > /dev/null || fail "a C++ compiler is missing; install g++"
    echo "llama: building its wheel (90 MB to fetch, 7 minutes of two free cores)"
    # For any processor of this kind, so that the wheel may be kept for other machines.
    CMAKE_ARGS="-DGGML_NATIVE=OFF -DLLAVA_BUILD=OFF -DMTMD_BUILD=OFF" CMAKE_BUILD_PARALLEL_LEVEL=2 \
        "$cache/uv-$uv_version/bin/python" -m pip wheel --quiet --disable-pip-version-check \
        --no-deps --require-hashes -r source.txt --wheel-dir "$part/wheels" > "$part/log" 2>&1 || {
        tail -n 20 "$part/log" >&2
        fail "its wheel was not built; that needs a C++ compiler and 1 GB of disk in $cache"
    }
    mkdir -p "$cache/wheels"
    mv "$part"/wheels/*.whl "$cache/wheels"
fi
"$uv" pip install --quiet --python "$python" --no-deps "$wheels"-*.whl
"$python" make_tiny.py "$part/whole/tiny.gguf"
finish "$whole"
