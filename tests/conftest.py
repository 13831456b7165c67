"""What all tests share: property tests that draw the same examples in every run, three threads."""

import os

from hypothesis import settings

os.environ["NUMBA_NUM_THREADS"] = "3"  # however few cores: before numba is imported

settings.register_profile("labkit", deadline=None, derandomize=True, database=None, max_examples=30)
settings.load_profile("labkit")
