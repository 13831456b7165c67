"""Of notebook 27: what became of each paper's claims, from the tables and records of its lesson."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from labkit.course.gated_circuits import TASKS
from labkit.course.lessons import figures_17_linear_systems as figures_17
from labkit.course.lessons import figures_18_circuit_input_layer as figures_18
from labkit.course.lessons import figures_20_residual_networks as figures_20
from labkit.course.lessons import figures_21_separation_capacity as figures_21
from labkit.course.lessons import figures_22_low_bit_weights as figures_22
from labkit.course.lessons import figures_23_complex_neurons as figures_23
from labkit.course.lessons import figures_24_adaptive_samplers as figures_24
from labkit.course.lessons import figures_25_vector_quantised_monte_carlo as figures_25
from labkit.course.lessons import figures_26_chaotic_series as figures_26
from labkit.course.lessons.lesson_17_linear_systems import FIXED
from labkit.course.lessons.lesson_27_ten_neighbours import find_seeds, lead_in_errors
from labkit.course.lessons.picked_27_ten_neighbours import contest_19, runs_of

#: A claim of a paper's abstract, in our words; the verdict; what was seen.
Claim = tuple[str, str, str]


def _judge(holds: bool) -> str:
    return "confirmed" if holds else "not confirmed"


def claims_17() -> list[Claim]:
    """Of HHL as a guide."""
    kept = figures_17.pick_kept(runs_of("17_guides"))
    six, ten = (FIXED.index(n) for n in (6, 10))
    w, chance, b = (kept[name].astype(float) for name in ("w", "random", "b"))
    useful, better = lead_in_errors(w[six] - chance[six]), lead_in_errors(w[ten] - b[ten])
    return [
        ("HHL's answer holds information for the search", _judge(useful > 2),
         f"six signs fixed, best mask left: {w[six].mean():.0%}, random {chance[six].mean():.0%}"),
        ("it guides better than b, its input (ours to ask)", _judge(better > 2),
         f"ten fixed: {w[ten].mean():.0%} against {b[ten].mean():.0%}"),
        ("how the paper extracts it", "not testable here", "its method we have not had"),
    ]  # fmt: skip


def claims_18() -> list[Claim]:
    """Of a circuit as input layer."""
    runs = runs_of("18_input_layers")
    models = ("circuit", "encoding only", "perceptron", "read-out qubit")
    right = figures_18.pick(runs, "test_accuracy", models)
    epochs = figures_18.pick(runs, "epochs_to_90", ("circuit", "read-out qubit"))
    never = {m: {t: np.nan_to_num(v, nan=np.inf) for t, v in of.items()}
             for m, of in epochs.items()}  # fmt: skip
    middle = {m: {t: float(np.median(v)) for t, v in of.items()} for m, of in never.items()}
    faster = [t for t in TASKS if middle["circuit"][t] < middle["read-out qubit"][t]]
    helps = [t for t in TASKS
             if lead_in_errors(right["circuit"][t] - right["encoding only"][t]) > 2]  # fmt: skip
    return [
        ("fewer epochs than one read-out qubit", "in part" if len(faster) < len(TASKS) else
         "confirmed", f"on {len(faster)} of {len(TASKS)} tasks: {', '.join(faster)}"),
        ("the trained circuit does more than its encoding (ours to ask)",
         "in part" if 0 < len(helps) < len(TASKS) else _judge(bool(helps)),
         f"on {len(helps)} of {len(TASKS)} tasks: {', '.join(helps)}"),
        ("on MNIST and images of cracks", "not testable here", "other data"),
    ]  # fmt: skip


def claims_19() -> list[Claim]:
    """Of wide networks as linear systems."""
    runs = runs_of("19_depth")
    at = {name: find_seeds(runs, f"result.accuracy_{name}", depth=48)
          for name in ("exact", "by_label", "diagonal")}  # fmt: skip
    means = [float(values.mean()) for values in at.values()]
    shots, _ = contest_19()
    four = {name: find_seeds(runs, f"result.accuracy_{name}", depth=4) for name in at}
    lost = lead_in_errors(four["exact"] - four["by_label"])
    return [
        ("the sparse kernel does as well as the exact one, deep down",
         _judge(max(means) - min(means) < 1e-3),
         f"48 layers: {means[0]:.3f}, {means[1]:.3f}; the diagonal alone {means[2]:.3f}"),
        ("and where solving gains something, 4 layers (ours to ask)", _judge(lost < 2),
         f"{four['exact'].mean():.3f} exact, {four['by_label'].mean():.3f} sparse"),
        ("fewer shots than drawn images (ours to ask)", _judge(shots.lead > 2),
         f"{shots.lead:+.1f} standard errors"),
        ("MNIST, 512 images, their network", "not testable here", "other data"),
    ]  # fmt: skip


def claims_20() -> list[Claim]:
    """Of residual random networks: the lesson's own table."""
    table = figures_20.verdicts(runs_of("20_crossing"), runs_of("20_stages"))
    return [(str(claim), row["verdict"], row["measured"]) for claim, row in table.iterrows()]


def claims_21() -> list[Claim]:
    """Of separation capacity: the lesson's own table."""
    rows = figures_21.table_of_claims(runs_of("21_widths")).rows
    return [(claim, verdict, seen) for claim, seen, verdict in rows]


def claims_22() -> list[Claim]:
    """Of low-bit weights: the lesson's own table."""
    table = figures_22.tabulate_claims(figures_22.pick_costs(runs_of("22_low_bit_weights")))
    return [(str(claim), row["verdict"], row["what was seen"]) for claim, row in table.iterrows()]


def claims_23() -> list[Claim]:
    """Of complex neurons: the lesson's own table, small MNIST where both tasks were asked."""
    claims = []
    for claim, row in figures_23.table_of_claims(runs_of("23_trained_filters")).iterrows():
        *seen, verdict = row.iloc[-1].split(": ") if "±" in row.iloc[-1] else row.iloc[-1:]
        ours = (
            " (ours to ask)" if str(claim).startswith("...") and "(abstract)" not in claim else ""
        )
        claims.append((f"{claim}{ours}", verdict, "".join(seen)))
    return claims


def claims_24() -> list[Claim]:
    """Of adaptive samplers: the lesson's own table."""
    steps = figures_24.pick_variances(runs_of("24_steps"))
    noise = figures_24.pick_variances(runs_of("24_gradient_noise"), "noise")
    table = figures_24.tabulate_claims(steps, noise)
    return [(str(claim), row["verdict"], row["what was seen"]) for claim, row in table.iterrows()]


def claims_25() -> list[Claim]:
    """Of vector-quantised Monte Carlo: the lesson's own table."""
    runs = runs_of("25_flips")
    work = figures_25.pick(runs, "n_neurons", "multiply_adds", mixing="mean")
    table = figures_25.tabulate_claims(figures_25.pick_changed(runs), work)
    return [(str(claim), row["verdict"], row["what was seen"]) for claim, row in table.iterrows()]


def claims_26() -> list[Claim]:
    """Of chaotic series: the lesson's own table."""
    table = figures_26.table_of_claims(runs_of("26_trained"), runs_of("26_rivals"))
    claims = []
    for claim, said in table["logistic map"].items():
        seen, _, verdict = said.rpartition(": ")
        is_verdict = verdict in ("confirmed", "not confirmed")
        claims.append((str(claim), verdict, seen) if is_verdict else (str(claim), said, ""))
    return claims


#: Lesson -> what became of its paper's claims.
CLAIMS: dict[str, Callable[[], list[Claim]]] = {
    "17": claims_17,
    "18": claims_18,
    "19": claims_19,
    "20": claims_20,
    "21": claims_21,
    "22": claims_22,
    "23": claims_23,
    "24": claims_24,
    "25": claims_25,
    "26": claims_26,
}
