#!/usr/bin/env bash
# Install the real servers and load generators that tests and the bench start themselves:
# nginx as a sink, wrk as a load, a C compiler for the shims that move clocks and break syncs.
# Where that is not possible this says what is missing and ends well: the tests that need one
# then say so.
set -eu -o pipefail

missing=()
command -v nginx > /dev/null || [ -x /usr/sbin/nginx ] || missing+=(nginx-light)
command -v wrk > /dev/null || missing+=(wrk)
command -v cc > /dev/null || missing+=(gcc libc6-dev)

if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get > /dev/null; then
    echo "not installed (that takes root and apt-get): ${missing[*]}." \
        "Tests that need one are skipped and say so; install them by hand to run these."
    exit 0
fi
echo "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
