#!/usr/bin/env bash
# Install Triton 2.51.0 as nvidia-pytriton brings it:
# triton/install.sh CACHE -> CACHE/models/triton-2.51.0/environment
set -eu -o pipefail
cd "$(dirname "$0")"
server=triton cache=$1
whole=$cache/models/triton-2.51.0
[ ! -d "$whole" ] || exit 0

# Its programs hold an interpreter of their own, which breaks on the library of a later patch.
python=/usr/bin/python3.11
found=$("$python" -V 2>&1 || true)
if [ "$found" != "Python 3.11.2" ]; then
    echo "triton: not for this machine: it runs with $python of 3.11.2 alone, here is" \
        "${found:-none}; its tests are skipped"
    exit 77
fi
. ../environments.sh
begin
echo "triton: installing (90 MB to fetch)"
make_environment "$part/whole/environment" "$python"
finish "$whole"
