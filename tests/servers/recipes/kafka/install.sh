#!/usr/bin/env bash
# Fetch the jars of Apache Kafka 4.3.1 with Maven: kafka/install.sh CACHE -> CACHE/kafka-4.3.1/libs
set -eu -o pipefail
cd "$(dirname "$0")"
whole=$1/kafka-4.3.1
[ ! -d "$whole" ] || exit 0

for program in java mvn; do
    command -v "$program" > /dev/null || {
        echo "kafka: $program is missing; install a Java runtime (17 or newer) and Maven" >&2
        exit 1
    }
done
part=$(mktemp -d "$1/kafka.XXXXXX")
trap 'rm -rf "$part"' EXIT
echo "kafka: fetching 63 MB from the Maven registry"
mvn --quiet --batch-mode --no-transfer-progress --file pom.xml \
    "-Dmaven.repo.local=$part/repository" "-DoutputDirectory=$part/kafka/libs" \
    dependency:copy-dependencies -DincludeScope=runtime > "$part/log" 2>&1 || {
    tail -n 20 "$part/log" >&2
    echo "kafka: Maven did not get the jars; it needs a registry that it may reach" \
        "(repo.maven.apache.org, or a mirror in ~/.m2/settings.xml)" >&2
    exit 1
}
(cd "$part/kafka/libs" && sha256sum --quiet --check) < jars.sha256 || {
    echo "kafka: the jars fetched are not those in tests/servers/recipes/kafka/jars.sha256" >&2
    exit 1
}
mv --no-target-directory "$part/kafka" "$whole"
