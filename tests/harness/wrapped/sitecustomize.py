"""Python imports this before anything else when its folder is in PYTHONPATH: another clock, and planted leaks.

Nothing of it is in the product: `tests.harness.wrapping` sets the variables that it reads.
"""

import os
import sys
from pathlib import Path

if "WRAPPED_ROOT" in os.environ:
    sys.path.append(os.environ["WRAPPED_ROOT"])
    if place := os.environ.get("WRAPPED_CLOCK"):
        from tests.harness.clock import follow

        follow(Path(place))
    if names := os.environ.get("WRAPPED_LEAKS"):
        from tests.harness.leaks import plant

        plant(names.split(","))
    sys.path.remove(os.environ["WRAPPED_ROOT"])
