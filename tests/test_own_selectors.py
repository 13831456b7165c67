"""Selectors of one's own: under `run`, inside local selection, in sweeps and in the race."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from labkit.costs import CostTable
from labkit.course.explorers import SelectorRace
from labkit.records import LabBook
from labkit.selectors import CostMeter, exhaustive, local_selection, one_flip_search, run
from labkit.selectors.racing import own_entrant, trace
from labkit.sweeps import Sweep, SweepError, run_sweep

TABLE = CostTable(np.array([3.0, 2, 5, 1, 4, 0, 7, 6]), 3)


def generator() -> np.random.Generator:
    return np.random.default_rng(0)


def coin_flips(meter: CostMeter, *, rng: np.random.Generator, tosses: int = 8) -> Any:
    masks = rng.random((tosses, meter.n_neurons)) < 0.5
    return masks[meter.evaluate(masks).argmin()]


# Under run


@pytest.mark.parametrize("returned", ["101", [1, 0, 1], np.array([True, False, True]), None])
def test_a_mask_that_is_returned_is_asked_for_once_unless_it_is_the_best(returned: Any) -> None:
    def asks_and_returns(meter: CostMeter, *, rng: np.random.Generator) -> Any:
        meter.evaluate("011")
        return returned

    found = run(asks_and_returns, TABLE, rng=generator())
    assert found.cost == (1 if returned is None else 0)
    assert found.ledger.cost_queries == (1 if returned is None else 2)
    best = run(lambda meter, *, rng: "011", TABLE, rng=generator())
    assert (best.cost, best.ledger.cost_queries) == (1, 1)


@pytest.mark.parametrize("returned", [3, "10", "1012", [0.5, 0, 1], {"mask": "101"}, [[1, 0, 1]]])
def test_what_is_no_mask_is_refused_and_the_best_mask_is_said(returned: Any) -> None:
    def wrong(meter: CostMeter, *, rng: np.random.Generator) -> Any:
        meter.evaluate("011")
        return returned

    with pytest.raises(TypeError) as refused:
        run(wrong, TABLE, rng=generator())
    message = str(refused.value)
    assert message.startswith("selector wrong returned ")
    assert message.endswith("(limit: a mask or None); its best is 011 of cost 1.0")
    assert "\n" not in message


def without_rng(meter: CostMeter) -> None: ...


def without_meter(*, rng: Any) -> None: ...


def needs_more(meter: CostMeter, *, rng: Any, width: int) -> None: ...


@pytest.mark.parametrize(
    ("selector", "options", "said"),
    [
        (without_rng, {}, "selector without_rng(meter: "),
        (without_meter, {}, "too many positional arguments"),
        (needs_more, {}, "missing a required argument: 'width'"),
        (coin_flips, {"toses": 3}, "got an unexpected keyword argument 'toses'"),
        (coin_flips, {"toses": 3}, "cannot be called as (meter, rng=rng, toses=...)"),
        ("coin_flips", {}, "selector='coin_flips' is not a selector such as exhaustive"),
        (None, {}, "selector=None is not a selector"),
    ],
)
def test_a_selector_that_cannot_be_called_is_refused_before_anything_is_asked(
    selector: Any, options: Any, said: str
) -> None:
    with pytest.raises(TypeError) as refused:
        run(selector, TABLE, rng=generator(), **options)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_selector_that_asks_for_no_mask_is_refused() -> None:
    with pytest.raises(RuntimeError, match="selector <lambda> asked for no mask"):
        run(lambda meter, *, rng: None, TABLE, rng=generator())


def test_no_more_masks_are_answered_than_allowed_whatever_a_selector_catches() -> None:
    def stubborn(meter: CostMeter, *, rng: np.random.Generator) -> None:
        while True:
            try:
                meter.evaluate(rng.random(3) < 0.5)
            except Exception:
                continue

    found = run(stubborn, TABLE, rng=generator(), max_cost_queries=5)
    assert found.ledger.cost_queries == len(found.history) == 5


def test_what_a_ledger_does_not_know_is_not_counted() -> None:
    with pytest.raises(ValueError, match=r"^count of 'thoughts' is unknown \(known: cost_queries"):
        run(lambda meter, *, rng: meter.count(thoughts=1), TABLE, rng=generator())


# Inside local selection


def test_it_chooses_the_blocks_of_a_local_selection() -> None:
    options: Any = {"block_size": 2, "inner": coin_flips, "inner_options": {"tosses": 40}}
    found = run(local_selection, TABLE, rng=generator(), **options)
    assert found.cost == run(local_selection, TABLE, rng=generator(), block_size=2).cost


@pytest.mark.parametrize(
    ("inner", "options", "said"),
    [
        (without_rng, None, "inner without_rng"),
        (coin_flips, {"toses": 1}, "unexpected keyword argument 'toses'"),
        (lambda meter, *, rng: "0", None, "selector <lambda> returned '0', no mask"),
    ],
)
def test_an_inner_selector_is_refused_as_an_outer_one(inner: Any, options: Any, said: str) -> None:
    with pytest.raises(TypeError) as refused:
        run(local_selection, TABLE, rng=generator(), block_size=2, inner=inner,
            inner_options=options)  # fmt: skip
    assert said in str(refused.value)


# In sweeps

MODULE = """
def mine(meter, *, rng, tosses=8):
    masks = rng.random((tosses, meter.n_neurons)) < 0.5
    meter.evaluate(masks)

def incomplete(meter):
    pass

number = 3
"""
PROBLEM = {"task_name": "moons", "n_hidden": 4}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder from which a module of selectors is imported."""
    write(tmp_path, MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("own_module", None)


def write(folder: Path, code: str) -> None:
    sys.modules.pop("own_module", None)
    (folder / "own_module.py").write_text(code)


def sweep_of(selector: Any, **fields: Any) -> Sweep:
    return Sweep("q", [0], selector=selector, problem=PROBLEM, **fields)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_sweep_runs_a_selector_by_its_name_or_itself(folder: Path, workers: int) -> None:
    import own_module  # type: ignore[import-not-found]

    reports = [
        run_sweep(sweep_of(each, options={"tosses": 5}), folder / "book.sqlite", workers=workers,
                  progress=False)
        for each in ("own_module:mine", own_module.mine)
    ]  # fmt: skip
    assert [report.finished_now for report in reports] == [1, 0]  # it is the same point
    (row,) = reports[0].runs().to_dict("records")
    assert row["parameters.selector"] == "own_module:mine"
    assert row["ledger.cost_queries"] == 5
    assert len(row["parameters.selector_code"]) == 12


def test_a_sweep_in_toml_names_a_selector_and_an_inner_one(folder: Path) -> None:
    (folder / "own.toml").write_text(
        'question = "q"\nseeds = [0]\n[problem]\ntask_name = "moons"\nn_hidden = 4\n'
        '[[points]]\nselector = "own_module:mine"\ntosses = 3\n'
        '[[points]]\nselector = "local_selection"\ninner = "own_module:mine"\nblock_size = 2\n'
        '[[points]]\nselector = "exhaustive"\n'
    )
    sweep = Sweep.from_toml(folder / "own.toml")
    runs = run_sweep(sweep, folder / "book.sqlite", workers=0, progress=False).runs()
    assert runs["error"].isna().all()
    assert runs["parameters.selector_code"].notna().tolist() == [True, True, False]


def test_results_of_a_selectors_earlier_code_are_not_passed_off_as_new(folder: Path) -> None:
    book = folder / "book.sqlite"
    grid = {"selector": ["own_module:mine", "exhaustive"]}
    run_sweep(sweep_of(None, grid=grid), book, workers=0, progress=False)
    write(folder, MODULE.replace("< 0.5", "< 0.9"))
    with pytest.raises(SweepError, match=r"^own_module:mine has changed since 1 of 2 points"):
        run_sweep(sweep_of(None, grid=grid), book, workers=0, progress=False)
    again = run_sweep(sweep_of(None, grid=grid), book, workers=0, progress=False, changed="rerun")
    assert (again.finished_before, again.finished_now) == (1, 1)
    assert len(LabBook(book).runs()) == 3
    kept = run_sweep(sweep_of(None, grid=grid), book, workers=0, progress=False)
    assert kept.finished_now == 0


def test_a_selector_typed_into_a_notebook_goes_to_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(MODULE, namespace)
    monkeypatch.setattr(sys.modules["__main__"], "mine", namespace["mine"], raising=False)
    sweep = sweep_of(namespace["mine"], options={"tosses": 3})
    assert str(sweep.selector).startswith("__main__:mine@")
    runs = run_sweep(sweep, tmp_path / "book.sqlite", workers=1, progress=False).runs()
    assert runs["error"].isna().all()
    assert runs["ledger.cost_queries"].tolist() == [3]


def test_labkits_selectors_may_be_given_themselves() -> None:
    given, named = sweep_of(one_flip_search), sweep_of("one_flip_search")
    assert given.keyed_runs() == named.keyed_runs()
    assert not given.own_selectors
    in_grid = Sweep("q", [0], problem=PROBLEM, grid={"selector": [exhaustive, one_flip_search]})
    assert in_grid.grid["selector"] == ["exhaustive", "one_flip_search"]


@pytest.mark.parametrize(
    ("selector", "options", "said"),
    [
        ("own_module:none", {}, "module own_module has no function 'none'"),
        ("own_module:number", {}, "module own_module has no function 'number'"),
        ("no_such_module:f", {}, "selector='no_such_module:f' cannot be imported"),
        (":f", {}, "selector=':f' is no name of a function"),
        ("own_module:incomplete", {}, "selector incomplete(meter) cannot be called"),
        ("own_module:mine", {"toses": 3}, "unexpected keyword argument 'toses'"),
        ("own_module:mine", {"max_cost_queries": 0}, "max_cost_queries=0"),
        (lambda meter, *, rng: None, {}, "is not found by its name"),
        (
            "local_selection",
            {"block_size": 2, "inner": "own_module:none"},
            "inner='own_module:none",
        ),
        ("local_selection", {"block_size": 2, "inner": "nobody"}, "inner='nobody' is unknown"),
    ],
)
def test_a_sweep_refuses_what_it_could_not_run(
    selector: Any, options: Any, said: str, folder: Path
) -> None:
    with pytest.raises((TypeError, ValueError)) as refused:
        sweep_of(selector, options=options)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


# In the race


def test_it_races_beside_labkits_selectors() -> None:
    explorer = SelectorRace(n_neurons=4, budget=8, racers=["one-flip search", coin_flips])
    view = explorer.view
    assert [*view.regret] == ["one-flip search", "coin_flips"]
    assert "coin_flips" in explorer.text.value
    explorer._pressed(0, -1)
    assert explorer.shared.neuron_mask == list(view.neuron_masks["coin_flips"])


def test_a_racer_that_asks_for_nothing_is_refused_and_not_waited_for() -> None:
    def idle(meter: CostMeter, *, rng: np.random.Generator) -> None: ...

    with pytest.raises(RuntimeError, match="selector idle asked for no mask"):
        trace(own_entrant(idle), TABLE, 8, rng=generator())


@pytest.mark.parametrize(
    ("racers", "said"),
    [
        ("annealing", "racers='annealing' is not a sequence"),
        ([], "racers holds 0 selectors (limit: 1 to 7)"),
        ([coin_flips] * 8, "racers holds 8 selectors (limit: 1 to 7)"),
        (["guessing"], "racers='guessing' is unknown"),
        ([coin_flips, coin_flips], "one name twice"),
        ([without_rng], "racers without_rng"),
        ([3], "racers=3 is not a selector"),
    ],
)
def test_racers_that_cannot_race_are_refused(racers: Any, said: str) -> None:
    with pytest.raises((TypeError, ValueError)) as refused:
        SelectorRace(racers=racers)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
