"""Settings for every test."""

from hypothesis import settings

# A test passes or fails for what it tests, not for how busy the machine is, and the same way each time.
settings.register_profile("reproducible", deadline=None, derandomize=True)
settings.load_profile("reproducible")
