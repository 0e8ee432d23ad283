#!/usr/bin/env bash
# Install KServe's Python server and fit its model:
# kserve/install.sh CACHE -> CACHE/models/kserve-0.21.0/{environment,iris.joblib}
set -eu -o pipefail
cd "$(dirname "$0")"
server=kserve cache=$1
whole=$cache/models/kserve-0.21.0
[ ! -d "$whole" ] || exit 0

. ../environments.sh
begin
echo "kserve: installing (110 MB to fetch)"
make_environment "$part/whole/environment" ">=3.11,<3.13"
"$part/whole/environment/bin/python" ../make_iris.py "$part/whole/iris.joblib"
finish "$whole"
