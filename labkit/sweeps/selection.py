"""The point of most sweeps: a selector on a selection problem, under one seed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache, partial
from typing import Any

import numpy as np

from labkit import selectors
from labkit.ansatz import MIXERS
from labkit.datasets import TASK_NAMES, check_task
from labkit.ledger import Outcome
from labkit.limits import (
    check_choice,
    check_integer,
    check_number,
    check_positive,
    show_value,
)
from labkit.networks.sampling import MASK_KINDS
from labkit.problems import build_problem
from labkit.scoring import COSTS
from labkit.selectors import SCHEMES, run
from labkit.selectors.running import Selector, check_selector
from labkit.sweeps.points import find_function, name_function

#: They read terms, and a problem has a table.
_NOT_A_TABLE = {"dynamic_programming", "partition_crossover_search", "tree_elimination"}
#: It gives samples, no mask.
_NO_SELECTOR = {"sample_masks_posterior"}
_OF_THE_RUN = ("max_cost_queries", "max_forward_passes", "target_cost")
_NOT_PLAIN = {"meter", "rng", "sampler", "qubits", "watch"}

Check = Callable[[str, Any], Any]


#: Parameters that name a selector.
NAMES_A_SELECTOR = ("selector", "inner")


def select_neurons(
    parameters: Mapping[str, Any], seed: int, *, own: Mapping[str, Selector] | None = None
) -> Outcome:
    """Builds a problem, runs a selector on it, and says how good the mask is.

    Args:
        parameters: 'selector', arguments of `build_problem`, and options of the selector or of
            `run`; the problem's seed is that of the point unless it is among them.
        seed: of the network's weights and, independently of them, of the selector.
        own: selectors that are not labkit's, by name; others of a name 'module:name' are imported.

    Returns:
        The cost, what is least (`minimum`), `regret` (their difference), `rank`, `mask_string`,
        `n_active`, the accuracy on each split; the ledger; and the costs asked for, in order,
        attached as `history`.
    """
    options = dict(parameters)
    selector = find_selector(options.pop("selector"), own or {})
    arguments = {name: options.pop(name) for name in [*options] if name in problem_arguments()}
    if isinstance(options.get("inner"), str):
        options["inner"] = find_selector(options["inner"], own or {}, argument="inner")
    problem = build_problem(**{"seed": seed, **arguments})
    # [seed, 1]: a stream of its own, since the weights are drawn from seed
    rng = np.random.default_rng(np.random.SeedSequence([seed, 1]))
    found = run(selector, problem.table, rng=rng, **options)
    result = {
        "cost": found.cost,
        "minimum": problem.table.minimum,
        "regret": found.cost - problem.table.minimum,
        "rank": problem.table.rank(found.neuron_mask),
        "mask_string": found.mask_string,
        "n_active": int(found.neuron_mask.sum()),
    }
    for split in ("train", "validation", "test"):
        result[f"{split}_accuracy"] = problem.accuracy(found.neuron_mask, split=split)
    return Outcome(result, found.ledger, {"history": found.history})


@lru_cache
def problem_arguments() -> Mapping[str, inspect.Parameter]:
    """The arguments of `build_problem` by name."""
    return inspect.signature(build_problem).parameters


@lru_cache
def selector_options() -> Mapping[str, Mapping[str, inspect.Parameter]]:
    """Of each selector that a problem's table can be given to, the options by name."""
    found = {}
    limits = inspect.signature(run).parameters
    for name in selectors.__all__:
        value = getattr(selectors, name)
        if name in _NOT_A_TABLE | _NO_SELECTOR or not inspect.isfunction(value):
            continue
        signature = inspect.signature(value).parameters
        if next(iter(signature), "") == "meter":
            own = {k: p for k, p in signature.items() if k not in _NOT_PLAIN}
            found[name] = own | {k: limits[k] for k in _OF_THE_RUN}
    return found


def name_selectors(parameters: Any, own: dict[str, Selector]) -> Any:
    """Parameters with names in the place of selectors, which plain parameters cannot be.

    Args:
        parameters: by name, values or lists of them; anything else is returned as it is.
        own: takes up the selectors that are not labkit's, by the names that they are given.

    Raises:
        TypeError: a selector is not found by its name in its module.
        ValueError: 'module:name' is the name of no function.
    """
    if not isinstance(parameters, Mapping):
        return parameters

    def name(argument: str, selector: Any) -> Any:
        if not callable(selector) and not (isinstance(selector, str) and ":" in selector):
            return selector
        short = getattr(selector, "__name__", "")
        if getattr(selectors, short, None) is selector:
            return short
        found: Selector = find_function(selector, argument=argument)
        full = selector if isinstance(selector, str) else name_function(found)
        own[full] = found
        return full

    named = dict(parameters)
    for key in {*NAMES_A_SELECTOR} & {*named}:
        value = named[key]
        is_list = isinstance(value, list | tuple)
        named[key] = [name(key, each) for each in value] if is_list else name(key, value)
    return named


def find_selector(
    name: str, own: Mapping[str, Selector], *, argument: str = "selector"
) -> Selector:
    """The selector of a name: one of labkit's, of `own`, or 'module:name'."""
    if name in own:
        return own[name]
    if ":" in name:
        return find_function(name, argument=argument)
    found: Selector = getattr(selectors, check_choice(argument, name, [*selector_options()]))
    return found


def check_selection(
    parameters: Mapping[str, Any],
    own: Mapping[str, Selector] | None = None,
    tasks: Collection[str] = (),
) -> None:
    """Refuses parameters that `select_neurons` cannot run with, as far as is known without a run.

    Args:
        parameters: of a point.
        own: selectors that are not labkit's, by name.
        tasks: labels of tasks that `task_name` may be, beside the stored ones.

    Raises:
        TypeError: a value is not of its kind.
        ValueError: the selector or a name is unknown, an argument is missing, or a value is out
            of range.
    """
    known, own = selector_options(), own or {}
    selector = parameters.get("selector")
    if not isinstance(selector, str) or (selector not in own and ":" not in selector):
        selector = check_choice("selector", selector, [*known])
        allowed = {**problem_arguments(), **known[selector]}
    else:
        limits = inspect.signature(run).parameters
        allowed = {**problem_arguments(), **{name: limits[name] for name in _OF_THE_RUN}}
        options = {k: v for k, v in parameters.items() if k not in allowed and k != "selector"}
        check_selector(find_selector(selector, own), options)
        parameters = {k: v for k, v in parameters.items() if k not in options}
    if isinstance(inner := parameters.get("inner"), str):
        check_selector(find_selector(inner, own, argument="inner"), {}, argument="inner")
    for name, value in parameters.items():
        if name != "selector" and name not in allowed:
            given = f"{name}={show_value(value)}"
            names = ", ".join(allowed)
            raise ValueError(
                f"{given} is known neither to build_problem nor to {selector} (known: {names})"
            )
        if name == "task_name":
            check_task(name, value, [*TASK_NAMES, *tasks])
        elif name in _CHECKS:
            _CHECKS[name](name, value)
    for name, parameter in allowed.items():
        if parameter.default is parameter.empty and name != "seed" and name not in parameters:
            raise ValueError(f"{name} is missing: {_asker(name, selector)} has no default for it")


def _asker(name: str, selector: str) -> str:
    return "build_problem" if name in problem_arguments() else selector


def _count(minimum: int, maximum: int | None = None) -> Check:
    return partial(check_integer, minimum=minimum, maximum=maximum)


def _choice(*choices: str) -> Check:
    return partial(check_choice, choices=choices)


def _or_none(check: Check) -> Check:
    return lambda argument, value: None if value is None else check(argument, value)


_CHECKS: Mapping[str, Check] = {
    "n_hidden": _count(1),
    "seed": _count(0),
    "hidden_layers": _count(1, 2),
    "mask_kind": _choice(*MASK_KINDS),
    "n_components": _or_none(_count(1)),
    "scale": check_positive,
    "cost": _choice(*COSTS),
    "max_cost_queries": _or_none(_count(1)),
    "max_forward_passes": _or_none(_count(1)),
    "target_cost": _or_none(check_number),
    "max_oracle_calls": _or_none(_count(0)),
    "threshold": _or_none(check_number),
    "iterations": _or_none(_count(0)),
    "shots": _count(1),
    "p": _or_none(_count(1)),
    "cvar": check_positive,
    "evaluations": _count(1),
    "mixer": _choice(*MIXERS),
    "n_active": _or_none(_count(0)),
    "block_size": _count(1),
    "n_fixed": _count(0),
    "scheme": _choice(*SCHEMES),
    "max_rounds": _or_none(_count(1)),
    "restarts": _count(0),
    "sweeps": _count(1),
    "tenure": _or_none(_count(0)),
    "patience": _count(1),
    "steps": _count(1),
    "samples": _count(2),
    "field": check_positive,
    "learning_rate": check_positive,
    "population": _count(2),
    "generations": _count(0),
}
