#!/usr/bin/env bash
# Install the real servers and load generators that tests and the bench start themselves:
# from the system nginx as a sink, wrk as a load, Chromium for the pages of the console, a C
# compiler for the shims that move clocks and break syncs; into
# ${HEADRACE_CACHE:-~/.cache/headrace-tests}, once for all checkouts, what recipes/ gets from the
# registries of Maven, Go and Python.
# What cannot be had is named with what it needs, and the tests that need it are skipped and
# say so; with HEADRACE_REQUIRE_SERVERS=1 that is a failure.
set -eu -o pipefail
cache=${HEADRACE_CACHE:-$HOME/.cache/headrace-tests}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
cd "$(dirname "$0")"
servers=(kafka minio kubernetes)
servers+=(kserve mlserver triton litellm llama)
short=0  # whether something could not be had

has() { command -v "$1" > /dev/null; }

install_from_system() {
    local missing=()
    has nginx || [ -x /usr/sbin/nginx ] || missing+=(nginx-light)
    has wrk || missing+=(wrk)
    has cc || missing+=(gcc libc6-dev)
    has openssl || missing+=(openssl)
    has chromium || has chromium-browser || has google-chrome || missing+=(chromium)
    compgen -G "/usr/share/fonts/truetype/*/*.ttf" > /dev/null || missing+=(fonts-dejavu-core)
    has java || missing+=(default-jre-headless)
    has mvn || compgen -G "$cache/kafka-*/libs" > /dev/null || missing+=(maven)
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ] || ! has apt-get; then
        echo "not installed (that takes root and apt-get): ${missing[*]}." \
            "Tests that need one are skipped and say so; install them by hand to run these."
        return 1
    fi
    echo "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq -o DPkg::Lock::Timeout=300 --no-install-recommends "${missing[@]}" \
        > /dev/null
}

# The recipes run side by side, each in a process group that ends with this script.
build_all() {
    declare -A builds=()
    set -m
    for server in "${servers[@]}"; do
        "recipes/$server/install.sh" "$cache" 9>&- &
        builds[$server]=$!
    done
    set +m
    trap 'for build in "${builds[@]}"; do kill -- "-$build" 2> /dev/null || true; done' EXIT
    local reported=0
    while [ ${#builds[@]} -gt 0 ]; do
        for server in "${!builds[@]}"; do
            kill -0 "${builds[$server]}" 2> /dev/null && continue
            local ended=0
            wait "${builds[$server]}" || ended=$?
            case $ended in
                0) [ "$SECONDS" -lt 2 ] || echo "$server: there, after $SECONDS s" ;;
                77) ;;  # not for this machine, or only when asked for; it has said so
                *) short=1 ;;
            esac
            unset "builds[$server]"
        done
        if [ $((SECONDS - reported)) -ge 30 ]; then
            reported=$SECONDS
            echo "still at ${!builds[*]}, $SECONDS s"
        fi
        [ ${#builds[@]} -eq 0 ] || sleep 0.1
    done
    trap - EXIT
}

install_from_system || short=1
exec 9> "$cache/.lock"
if has flock && ! flock --nonblock 9; then
    echo "waiting for another make servers, which fills $cache"
    flock 9
fi
for server in "${servers[@]}"; do
    rm -rf "$cache/$server".??????  # what a killed run left half made
done
build_all
if [ "$short" -eq 0 ]; then
    rm -rf "$cache/go" "$cache/uv"  # 6 GB that nothing needs once the programs are there
elif [ "${HEADRACE_REQUIRE_SERVERS:-}" = 1 ]; then
    echo "HEADRACE_REQUIRE_SERVERS=1 asks for all of them" >&2
    exit 1
fi
