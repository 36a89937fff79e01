"""Settings of all tests: property tests have no deadline, since the machines they run on may be busy."""

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
