"""`up` with bounds that fit a test and have no flag: for a disk of a few MiB, and a short log."""

import argparse
import os
import sys
from pathlib import Path

from deploy.addresses import parse_address
from deploy.config.read import read_configuration
from deploy.process import Options
from deploy.serve import serve

RESERVE_BYTES = 1 << 20
LOG_RECORDS_MAX = 1


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("configuration", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--listen", required=True)
    parser.add_argument("--admin", required=True)
    given = parser.parse_args()
    options = Options(
        data=given.data,
        ingress=parse_address(given.listen, "--listen"),
        admin=parse_address(given.admin, "--admin"),
        reserve_bytes=RESERVE_BYTES,
        log_records_max=LOG_RECORDS_MAX,
    )
    return serve(read_configuration([given.configuration], dict(os.environ)), options)


if __name__ == "__main__":
    sys.exit(main())
