#!/usr/bin/env bash
# Install MLServer with its scikit-learn runtime, and fit its model:
# mlserver/install.sh CACHE -> CACHE/models/mlserver-1.7.1/{environment,iris.joblib}
set -eu -o pipefail
cd "$(dirname "$0")"
server=mlserver cache=$1
whole=$cache/models/mlserver-1.7.1
[ ! -d "$whole" ] || exit 0

. ../environments.sh
begin
echo "mlserver: installing (110 MB to fetch)"
make_environment "$part/whole/environment" ">=3.11,<3.13"
"$part/whole/environment/bin/python" ../make_iris.py "$part/whole/iris.joblib"
finish "$whole"
