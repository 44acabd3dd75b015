"""Settings for every test."""

import os

# Before NumPy and PyTorch are imported: on cores that do other work too, their threads wait for each other for minutes.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")

from hypothesis import settings  # noqa: E402

# A test passes or fails for what it tests, not for how busy the machine is, and the same way each time.
settings.register_profile("reproducible", deadline=None, derandomize=True)
settings.load_profile("reproducible")
