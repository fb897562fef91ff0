"""Settings of every test."""

import pytest
from hypothesis import HealthCheck, settings

# No test fails for being slow: the machine may be busy with something else.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

NAME_LENGTH = 60


def pytest_make_parametrize_id(config: object, val: object, argname: str) -> str | None:
    """Long values give no names to tests: keys made at run time would differ from worker to worker."""
    return argname if isinstance(val, str | bytes) and len(val) > NAME_LENGTH else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What walks through all of it takes longest and comes first: else one core waits for the other at the end."""
    items.sort(key=lambda item: item.path.parent.name != "tests")
