"""`headrace version`."""

import platform
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version


def version() -> None:
    """Say which headrace this is, and which Python runs it.

    \b
    Example:
      headrace version
    """
    try:
        number = installed_version("headrace")
    except PackageNotFoundError:
        number = "(run from its sources)"
    print(f"headrace {number}, Python {platform.python_version()}")
