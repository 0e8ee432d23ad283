#!/usr/bin/env bash
# Build kube-apiserver and etcd from their Go modules:
# kubernetes/install.sh CACHE -> CACHE/kubernetes-1.36.3/{kube-apiserver,etcd}
set -eu -o pipefail
cd "$(dirname "$0")"
whole=$1/kubernetes-1.36.3
[ ! -d "$whole" ] || exit 0

command -v go > /dev/null || {
    echo "kubernetes: go is missing; install Go 1.21 or newer (it fetches the toolchain it needs)" >&2
    exit 1
}
part=$(mktemp -d "$1/kubernetes.XXXXXX")
trap 'rm -rf "$part"' EXIT
echo "kubernetes: building (100 MB to fetch, then 4 minutes on two free cores)"
export CGO_ENABLED=0 GOFLAGS="-buildvcs=false -trimpath -modcacherw"
export GOMODCACHE="$1/go/modules" GOCACHE="$1/go/build"
version=k8s.io/component-base/version
# A build without a version calls itself v0.0.0, and feature gates are decided by it.
flags="-s -w -X $version.gitVersion=v1.36.3 -X $version.gitMajor=1 -X $version.gitMinor=36"
# The slash at the end makes it a folder with a program for each package.
go build -ldflags "$flags" -o "$part/kubernetes/" ./kube-apiserver ./etcd 2> "$part/log" || {
    tail -n 20 "$part/log" >&2
    echo "kubernetes: the build failed; it needs the Go module proxy (GOPROXY)," \
        "3 GB of disk in $1 and 2 GB of memory" >&2
    exit 1
}
mv --no-target-directory "$part/kubernetes" "$whole"
