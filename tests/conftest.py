"""Settings of every test."""

from hypothesis import HealthCheck, settings

# No test fails for being slow: the machine may be busy with something else.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
