"""A table as people have them: text, gaps, dates, yes and no."""

from __future__ import annotations

import numpy as np
import pandas as pd


def customers(n_rows: int = 80) -> pd.DataFrame:
    """Customers who leave ('churn': yes or no), with a missing age and a missing city."""
    rng = np.random.default_rng(5)
    age = rng.integers(18, 80, n_rows).astype(float)
    frame = pd.DataFrame(
        {
            "customer": [f"c-{number:04}" for number in range(n_rows)],
            "age": age,
            "city": rng.choice(["Paris", "Rome", "Oslo"], n_rows),
            "member": rng.choice([True, False], n_rows),
            "joined": pd.date_range("2021-03-01", periods=n_rows, freq="9D"),
            "churn": np.where(age + rng.normal(0, 9, n_rows) > 50, "yes", "no"),
        }
    )
    frame.loc[3, "age"] = np.nan
    frame.loc[7, "city"] = None
    return frame
