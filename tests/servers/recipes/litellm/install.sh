#!/usr/bin/env bash
# Install the LiteLLM proxy: litellm/install.sh CACHE -> CACHE/models/litellm-1.106.2/environment
set -eu -o pipefail
cd "$(dirname "$0")"
server=litellm cache=$1
whole=$cache/models/litellm-1.106.2
[ ! -d "$whole" ] || exit 0

. ../environments.sh
begin
echo "litellm: installing (120 MB to fetch)"
make_environment "$part/whole/environment" ">=3.11,<3.13"
finish "$whole"
