# Environments of model servers, each apart from headrace's own. Sourced by the recipes, with
# `server` and `cache` set, in the recipe's folder: make_environment FOLDER PYTHON.
uv_version=0.13.9
uv=$cache/uv-$uv_version/bin/uv
export UV_CACHE_DIR=$cache/uv UV_PYTHON_DOWNLOADS=never

fail() {
    echo "$server: $*" >&2
    exit 1
}

# What a later run finds whole it leaves alone; $part goes however this one ends.
begin() {
    command -v python3 > /dev/null \
        || fail "python3 is missing; install Python 3.11 or 3.12 with its venv"
    mkdir -p "$cache/models"
    part=$(mktemp -d "$cache/$server.XXXXXX")
    trap 'rm -rf "$part"' EXIT
}

# Recipes that run side by side may each make one; the first that has it gives it to all.
make_uv() {
    [ ! -x "$uv" ] || return 0
    bash ../../../../requirements/environment.sh "$part/uv" \
        && "$part/uv/bin/python" -m pip install --quiet --disable-pip-version-check \
            "uv==$uv_version" || return 1
    mv --no-target-directory "$part/uv" "$cache/uv-$uv_version" 2> /dev/null || [ -x "$uv" ]
}

# uv does not read what pip is told about where packages are.
share_index() {
    local index
    index=${PIP_INDEX_URL:-$("$cache/uv-$uv_version/bin/python" -m pip config get global.index-url \
        2> /dev/null || true)}
    [ -z "$index" ] || export UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-$index}
}

make_environment() {
    local log=$part/log
    {
        make_uv && share_index && "$uv" venv --relocatable --python "$2" "$1" \
            && "$uv" pip install --python "$1/bin/python" --require-hashes -r lock.txt
    } > "$log" 2>&1 || {
        tail -n 20 "$log" >&2
        fail "its environment was not made; that needs a Python $2 on the PATH, a package" \
            "index that pip and uv may reach, and 2 GB of disk in $cache"
    }
}

finish() {
    echo "$server: $(du -sm "$part/whole" | cut -f 1) MB"
    mv --no-target-directory "$part/whole" "$1"
}
