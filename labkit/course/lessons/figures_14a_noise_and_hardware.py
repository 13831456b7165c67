"""Figures of notebook 14a, with their texts, and what is picked from records for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit.arrays import FloatArray
from labkit.costs import CostTable
from labkit.course.lessons.lesson_14a_noise_and_hardware import BEST, ERRORS
from labkit.course.plots import Captioned, new_axes
from labkit.course.plots.noise import (
    draw_block_regret,
    draw_calls_of_blocks,
    draw_gain_left,
    draw_masks_by_cost,
    draw_over_errors,
)

if TYPE_CHECKING:
    import pandas as pd


def pick_gain_left(*runs: pd.DataFrame) -> pd.DataFrame:
    """Of `measure_gain_left`: form, n -> `mean` and `sem` of the share over seeds, `fidelity`."""
    import pandas as pd

    names = {"parameters.form": "form", "parameters.n_neurons": "n"}
    by_point = pd.concat(runs).rename(columns=names).groupby(["form", "n"])
    shares = by_point["result.gain_left"].agg(["mean", "sem"])
    return shares.assign(fidelity=by_point["result.fidelity"].mean())


def pick_chances(runs: pd.DataFrame) -> dict[str, FloatArray]:
    """Order -> chances (errors, seeds), of the record '14a_truncation'."""
    columns = [f"result.chance_{i}" for i in range(len(ERRORS))]
    by_order = runs.sort_values("seed").groupby("parameters.order")
    names = {1: "order 1: no two-qubit gate", 8: "the whole table"}
    return {
        names.get(int(order), f"order {order}"): rows[columns].to_numpy(dtype=float).T
        for order, rows in by_order
    }


def pick_block_regret(runs: pd.DataFrame, calls: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Of the record '14a_block_regret': searches by block size, and rivals without blocks."""
    column = f"result.regret_{calls}"
    blocks, rivals = {}, {}
    by_searcher = runs.groupby(["parameters.searcher", "parameters.error"], dropna=False)
    for (searcher, error), rows in by_searcher:
        if searcher in ("one_flip", "random"):
            rivals[str(searcher).replace("_", "-")] = rows.sort_values("seed")[column].to_numpy()
            continue
        wide = rows.pivot(index="parameters.block_size", columns="seed", values=column)
        name = "enumeration" if searcher == "enumeration" else f"Grover, {error:g}"
        blocks[name] = (wide.index.to_numpy(), wide.to_numpy(dtype=float))
    return blocks, rivals


def pick_gates(runs: pd.DataFrame) -> dict[str, dict[int, int]]:
    """Two-qubit gates of the record '14a_gain_left': form -> neurons -> gates as built."""
    built = runs.groupby(["parameters.form", "parameters.n_neurons"])["result.two_qubit_gates"]
    gates: dict[str, dict[int, int]] = {}
    for (form, n), count in built.first().items():
        gates.setdefault(str(form), {})[int(n)] = int(count)
    return gates


def pick_orders(runs: pd.DataFrame) -> dict[int, int]:
    """Two-qubit gates of the record '14a_truncation': order -> gates as built."""
    built = runs.groupby("parameters.order")["result.two_qubit_gates"].first()
    return {int(order): int(count) for order, count in built.items()}


def figure_masks(table: CostTable, clean: FloatArray, noisy: FloatArray) -> Captioned:
    """Shows the chance of each mask over its cost, (2^n,): without errors, and with."""
    ax, best = new_axes(width=7)[0], int(table.costs.argmin())
    draw_masks_by_cost(ax, table.costs, clean, noisy)
    return Captioned(
        ax,
        f"Chance of the best mask: {clean[best]:.3f} without errors, {noisy[best]:.3f} with, "
        f"{1 / len(table.costs):.3f} by chance.",
    )


def figure_gain_left(shares: pd.DataFrame) -> Captioned:
    """Shows the share of the gain that is left over n, of `pick_gain_left`."""
    ax, said = draw_gain_left(new_axes(width=7.5, height=4.2)[0], shares), []
    for form in ("NK 2", "NK 3", "NK 4"):
        mean = shares.loc[form, "mean"]
        sizes = f"{mean.index[0]} to {mean.index[-1]:,} neurons"
        said.append(f"{form} keeps {mean.min():.3f} to {mean.max():.3f} from {sizes}")
    table = shares.loc["table", "mean"]
    said.append(f"the table {table[6]:.2f} at 6 neurons, {table[8]:.2f} at 8")
    return Captioned(
        ax,
        f"{'; '.join(said)}. "
        "Bars: two standard errors over five networks, over three of 1,000 neurons.",
    )


def figure_orders(chances: Mapping[str, FloatArray]) -> Captioned:
    """Shows the chance of one of the best masks over the errors, order -> (errors, networks)."""
    ax, at = new_axes(width=7.5, height=4.2)[0], ERRORS.index(0.01)
    draw_over_errors(ax, ERRORS, chances, chance=BEST / 256)
    two, whole = (chances[label][at].mean() for label in ("order 2", "the whole table"))
    return Captioned(
        ax,
        f"At an error of 0.01 order 2 has {two:.2f}, the table {whole:.2f}. "
        "Bars: one standard error over 20 networks.",
    )


def figure_blocks(sizes: Sequence[int], ratios: Mapping[str, Sequence[float]]) -> Captioned:
    """Shows calls per success over those of enumeration, error -> (sizes,)."""
    ax = draw_calls_of_blocks(new_axes(width=7)[0], sizes, ratios)
    best = ", ".join(f"{sizes[int(np.argmin(of))]} at {error}" for error, of in ratios.items())
    return Captioned(
        ax, f"A ring: the least; at {sizes[-1]} it may lie beyond. Best block: {best}."
    )


def figure_computed(
    ratios: Mapping[str, Sequence[float]], gates: Mapping[int, int], pays: Mapping[int, float]
) -> Captioned:
    """Shows the same with an oracle that computes.

    Args:
        ratios: error -> calls per success over those of enumeration, (sizes,).
        gates: block size -> two-qubit gates of one call.
        pays: block size -> the error below which calls are saved.
    """
    ax = draw_calls_of_blocks(new_axes(width=7)[0], [*gates], ratios)
    four, seven = (f"{gates[k]:,} two-qubit gates a call at {k} neurons" for k in (4, 7))
    return Captioned(
        ax,
        f"{four}: by this estimate Grover saves calls below an error of {pays[4]:.1e}; "
        f"{seven}: below {pays[7]:.1e}.",
    )


def figure_block_regret(
    searches: Mapping[int, tuple[Mapping[str, Any], Mapping[str, FloatArray]]], calls: int
) -> Captioned:
    """Shows the regret after `calls` calls over the block size, and that of one-flip search.

    `searches`: calls -> blocks and rivals, of `pick_block_regret`.
    """
    blocks, rivals = searches[calls]
    ax = draw_block_regret(new_axes(width=7.5, height=4.4)[0], blocks, rivals, calls=calls)
    flips = {k: others["one-flip"].mean() for k, (_, others) in searches.items()}
    said = ", ".join(f"{regret:.4f} after {k} calls" for k, regret in flips.items())
    return Captioned(ax, f"One-flip search: {said}. Bars: one standard error over 20 networks.")
