"""What all tests share: the same examples of property tests in every run, weights and batches that
Keras draws alike in every run, three threads, and no verdict of an exercise in a lab book of the
folder that the tests are started in.
"""

import os
import sys

import pytest
from hypothesis import settings

os.environ["NUMBA_NUM_THREADS"] = "3"  # however few cores: before numba is imported
os.environ["LABKIT_KEEP_VERDICTS"] = "0"

settings.register_profile("labkit", deadline=None, derandomize=True, database=None, max_examples=30)
settings.load_profile("labkit")


@pytest.fixture(autouse=True)
def _keras_draws_alike() -> None:
    """A test draws the same initial weights, dropout and order of batches, whichever ran before."""
    if keras := sys.modules.get("keras"):
        keras.utils.set_random_seed(0)
