"""Notebook 27: its entries are those of the lessons and their records, and its links lead there."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from run_notebooks import FOLDER, read
from scipy.stats import ttest_1samp

from labkit.course import check, recorded
from labkit.course.lessons import claims_27_ten_neighbours as judged
from labkit.course.lessons import figures_20_residual_networks as figures_20
from labkit.course.lessons import figures_21_separation_capacity as figures_21
from labkit.course.lessons import figures_23_complex_neurons as figures_23
from labkit.course.lessons import figures_27_ten_neighbours as figures
from labkit.course.lessons import lesson_27_ten_neighbours as lesson
from labkit.course.lessons import picked_27_ten_neighbours as picked
from labkit.course.plots import new_axes
from labkit.course.plots.neighbours import draw_leads
from labkit.course.registry import BY_NUMBER, PART_TWO
from labkit.ledger import Ledger

NUMBERS = [each.number for each in PART_TWO[:-1]]
VERDICTS = ("confirmed", "in part", "not confirmed", "not testable here")


@pytest.fixture(scope="module")
def claims() -> dict[str, list[judged.Claim]]:
    return {number: of() for number, of in judged.CLAIMS.items()}


@pytest.fixture(scope="module")
def contests() -> tuple[list[lesson.Contest], list[lesson.Contest]]:
    return picked.all_contests()


@pytest.fixture(scope="module")
def held() -> list[lesson.Held]:
    return picked.all_held()


# Every lesson has its entries


def test_every_lesson_of_part_two_but_the_last_has_a_paper_contests_claims_and_a_bill() -> None:
    assert PART_TWO[-1].number == "27"
    assert [each.number for each in lesson.NEIGHBOURS] == NUMBERS
    assert [*picked.CONTESTS] == [*judged.CLAIMS] == [*lesson.bills_of_records()] == NUMBERS


def test_each_paper_is_one_that_its_own_notebook_names() -> None:
    assert len({each.arxiv for each in lesson.NEIGHBOURS}) == len(lesson.NEIGHBOURS)
    for each in lesson.NEIGHBOURS:
        prose = "".join(
            cell.source for cell in read(FOLDER / BY_NUMBER[each.number].notebook).cells
        )
        assert each.arxiv in prose, each.number
        assert each.shares and {*each.shares} <= {*lesson.OBJECTS}


def test_each_table_links_each_row_to_a_notebook_that_exists(
    claims: dict[str, list[judged.Claim]],
    contests: tuple[list[lesson.Contest], list[lesson.Contest]],
    held: list[lesson.Held],
) -> None:
    theirs, masks = contests
    tables = (
        figures.table_of_papers(),
        figures.table_of_claims(claims),
        figures.table_of_contests([*theirs, *masks]),
        figures.table_of_bits(held),
    )
    for table in tables:
        shown = table._repr_html_()
        for number, *_ in table.rows:
            assert f'<a href="{BY_NUMBER[number].notebook}">' in shown
            assert (FOLDER / BY_NUMBER[number].notebook).exists()


# Entries agree with the records


def test_a_lead_is_that_of_a_paired_test() -> None:
    rng = np.random.default_rng(27)
    for n in (2, 5, 40):
        gaps = rng.normal(0.2, 1, n)
        assert lesson.lead_in_errors(gaps) == pytest.approx(ttest_1samp(gaps, 0).statistic)
        assert lesson.lead_in_errors(1e-9 * gaps) == pytest.approx(lesson.lead_in_errors(gaps))
    assert lesson.lead_in_errors(np.full(3, -0.1)) == -math.inf
    assert lesson.lead_in_errors(np.zeros(3)) == 0


def test_within_two_standard_errors_a_contest_is_even() -> None:
    def contest(gaps: Any) -> str:
        return lesson.Contest("17", "", "", "", np.array(gaps, dtype=np.float64)).outcome

    assert contest([1, 2, 3]) == "ahead" and contest([-1, -2, -3]) == "behind"
    assert contest([-1, 2, 3]) == contest([0, 0, 0]) == "even"


def test_leads_are_those_of_the_records_read_by_hand(
    contests: tuple[list[lesson.Contest], list[lesson.Contest]],
) -> None:
    theirs, masks = ({each.number: each for each in of} for of in contests)
    runs = recorded("21_readouts").runs
    gaps = runs["result.test_solved"] - runs["result.test_mask"]
    assert masks["21"].lead == pytest.approx(ttest_1samp(gaps, 0).statistic)
    runs = recorded("20_choice").runs
    gaps = (runs["result.mask"] - runs["result.all"]).groupby(runs["seed"]).mean()
    assert masks["20"].lead == pytest.approx(ttest_1samp(gaps, 0).statistic)
    runs = recorded("18_input_layers").runs
    right = runs.pivot_table("result.test_accuracy", "seed", "parameters.model", aggfunc="mean")
    gaps = right["circuit"] - right["perceptron"]
    assert theirs["18"].gaps == pytest.approx(gaps.to_numpy(), abs=1e-12)
    runs = recorded("17_guides").runs
    left = runs[runs["parameters.ridge"].isna() | (runs["parameters.ridge"] == 1)]
    kept = (
        left.pivot(index="seed", columns="parameters.guide", values="result.regret_10") == 0
    ) * 1
    assert theirs["17"].lead == pytest.approx(ttest_1samp(kept["counts"] - kept["b"], 0).statistic)
    runs = recorded("22_low_bit_weights").runs
    runs = runs.assign(log=np.log2(runs["result.cost"]))
    cost = runs.pivot_table("log", "seed", "parameters.searcher", aggfunc="mean")
    assert theirs["22"].gaps == pytest.approx((cost["straight"] - cost["search"]).to_numpy())
    assert masks["22"].gaps == pytest.approx((cost["real"] - cost["one-flip"]).to_numpy())


def test_two_layers_count_the_neurons_of_both() -> None:
    runs = recorded("21_widths").runs
    rows = runs[(runs["parameters.points"] == "spirals") & (runs["parameters.n_points"] == 100)]
    rows = rows[rows["parameters.labels"].isna() & rows["parameters.dimension"].isna()]
    wide = rows.fillna({"parameters.layers": 1}).pivot(
        index="seed", columns="parameters.layers", values="result.width"
    )
    expected = np.log2(wide[1.0].astype(float)) - np.log2(2 * wide[2.0].astype(float))
    assert picked.contest_21()[0].gaps == pytest.approx(expected.to_numpy())


def test_bits_are_those_of_the_records(held: list[lesson.Held]) -> None:
    of = {each.number: each for each in held}
    runs = recorded("21_blocks").runs
    bits = runs.pivot(index="seed", columns="parameters.block_size", values="result.bits")
    assert of["21"].whole == pytest.approx(bits[12].to_numpy())
    assert of["21"].local == pytest.approx(bits[4].to_numpy())
    runs = recorded("17_bits").runs
    by_b = runs[runs["parameters.guide"] == "b"]
    bits = by_b.pivot(index="seed", columns="parameters.n_fixed", values="result.bits")
    assert of["17"].local == pytest.approx(bits[6].to_numpy())
    assert of["17"].outcome == of["19"].outcome == "more"
    for each in held:
        assert each.whole.shape == each.local.shape and min(each.whole.min(), each.local.min()) >= 0


def test_verdicts_are_those_of_the_lessons_own_tables(
    claims: dict[str, list[judged.Claim]],
) -> None:
    for number, of in claims.items():
        assert all(verdict.startswith(VERDICTS) for _, verdict, _ in of), number
        assert any(verdict.startswith("not testable here") for _, verdict, _ in of), number
    table = figures_20.verdicts(recorded("20_crossing").runs, recorded("20_stages").runs)
    assert [verdict for _, verdict, _ in claims["20"]] == table["verdict"].tolist()
    rows = figures_21.table_of_claims(recorded("21_widths").runs).rows
    assert [verdict for _, verdict, _ in claims["21"]] == [row[-1] for row in rows]
    own = figures_23.table_of_claims(recorded("23_trained_filters").runs)["small MNIST, 14 x 14"]
    assert [cell.split(": ")[1] for cell in own if "±" in cell] == [
        verdict for _, verdict, seen in claims["23"] if seen
    ]


def test_what_is_ours_to_ask_is_not_counted_as_a_claim_of_a_paper(
    claims: dict[str, list[judged.Claim]],
) -> None:
    of_papers = figures.claims_of_papers(claims)
    counted = figures.count_verdicts(of_papers)
    assert [*counted] == [*VERDICTS] and sum(counted.values()) == sum(map(len, of_papers.values()))
    assert all(0 < len(of_papers[number]) <= len(of) for number, of in claims.items())
    assert not any("ours" in claim for of in of_papers.values() for claim, *_ in of)


def test_a_bill_adds_up_the_ledgers_of_all_records_of_a_lesson() -> None:
    bill, names = lesson.bills_of_records()["20"], ("choice", "crossing", "greedy", "stages")
    runs = [recorded(f"20_{name}").runs for name in names]
    assert bill["runs"] == sum(map(len, runs))
    for what in lesson.COUNTED:
        assert hasattr(Ledger(), what)
        assert bill[what] == sum(each[f"ledger.{what}"].sum() for each in runs)
    assert bill["seconds"] == pytest.approx(sum(each["seconds"].sum() for each in runs))


# Figures and exercises


def test_a_lead_without_end_stands_at_the_edge() -> None:
    ax = draw_leads(new_axes()[0], ["a", "b"], {"x": [math.inf, -3.0]}, even=2)
    shown = {line.get_label(): np.asarray(line.get_xdata()).tolist() for line in ax.lines}
    assert shown["x"] == [ax.get_xlim()[1], -3.0]


@pytest.mark.parametrize(
    ("name", "wrong", "says"),
    [
        ("27-1", lambda gaps: np.mean(gaps) / np.std(gaps, ddof=1), "Of the gaps"),
        ("27-1", lambda gaps: np.mean(gaps) / (np.std(gaps) / len(gaps) ** 0.5), "Of the gaps"),
        ("27-2", 1, "1.96"),
        ("27-2", 10 * math.erfc(2**0.5), "ahead alone"),
        ("27-3", lambda n, k: k // 2, "6 neurons in blocks of 8"),
        ("27-3", lambda n, k: min(n, k), "12 neurons in blocks of 12"),
    ],
)
def test_a_wrong_answer_is_told_what_it_means(
    name: str, wrong: float | Callable[..., float], says: str
) -> None:
    verdict = check(name, wrong)
    assert verdict.status == "wrong" and says in verdict.message
