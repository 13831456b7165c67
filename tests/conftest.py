"""What all tests share: property tests that draw the same examples in every run."""

from hypothesis import settings

settings.register_profile("labkit", deadline=None, derandomize=True, database=None, max_examples=30)
settings.load_profile("labkit")
