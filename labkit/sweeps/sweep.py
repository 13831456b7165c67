"""What a sweep is: a question, the points that answer it, and the seeds of each."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any

from labkit.datasets import Task
from labkit.limits import check_integer, show_value
from labkit.records.values import to_plain
from labkit.selectors.running import Selector
from labkit.sweeps.code import code_digest
from labkit.sweeps.keys import read_keys
from labkit.sweeps.points import PointFunction, find_function, name_function, point_key
from labkit.sweeps.selection import (
    NAMES_A_SELECTOR,
    check_selection,
    name_selectors,
    select_neurons,
)
from labkit.sweeps.tasks import (
    WithTasks,
    check_tasks,
    find_tasks,
    own_by_label,
    read_tasks,
    with_labels,
)

#: More runs than this are refused: their list alone would take a gigabyte.
MAX_RUNS = 1_000_000

_LARGEST_SEED = 2**63 - 1  # that a lab book holds
#: What `select_neurons` is called in keys, wherever it stands.
_SELECTION = "labkit.sweeps.selection:select_neurons"
_OWN = ("function", "function_code", "selector_code")  # what an entry says beside the parameters

Parameters = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Sweep:
    """Runs of one function over a grid, or a list, of parameter points and over seeds.

    A point's parameters are `problem`, `options` and `selector`, which are the same everywhere,
    with those of one of `points` and one combination of `grid`. Under `select_neurons` their names
    belong to `build_problem`, to the selector or to `run`; a function of your own takes any.

        Sweep("Does a restart pay?", seeds=range(20), selector="one_flip_search",
              problem={"task_name": "moons"}, grid={"n_hidden": [8, 10], "restarts": [0, 1, 3]})

    A parameter may also be a `Task` of your own, or its name in `tasks`. Keys and entries then hold
    its label, in which is a digest of the data: a changed table makes other points.

    Attributes:
        question: what the sweep asks; with each entry in the lab book.
        seeds: integers, 0 or more, none twice: every point is run with each.
        selector: a name in `labkit.selectors`, or a selector of your own (see
            `labkit.selectors.run`): the function, or its name as 'module:name'. None where `grid`
            or `points` name it.
        problem: arguments of `build_problem` that are the same everywhere.
        options: of the selector and the run that are the same everywhere.
        grid: values by name; every combination is a point.
        points: parameters of each point; with a grid, each is combined with all of it.
        hypothesis: what is expected; with each entry in the lab book.
        function: what is run, or its name as 'module:name'.
        name: by which the lab book knows the points, in place of the function's own name: with it,
            they are found again when the function has moved to another module.
        tasks: of your own, by name; afterwards all that parameters name, by label.

    Raises:
        TypeError: a field is not of its kind.
        ValueError: a name or value is unknown or out of range, a name is given twice, there is no
            point, the same point twice, or more runs than a list can hold.
    """

    question: str
    seeds: Sequence[int]
    selector: Selector | str | None = None
    problem: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    grid: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    points: Sequence[Mapping[str, Any]] = ()
    hypothesis: str | None = None
    function: PointFunction | str = select_neurons
    name: str | None = None
    tasks: Mapping[str, Task] = field(default_factory=dict)
    #: Selectors that are not labkit's, by their names.
    own_selectors: Mapping[str, Selector] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._name_selectors()
        tasks = check_tasks(self.tasks)
        parts = (self.problem, self.options, self.grid, self.points)
        checked = {
            "question": _check_text("question", self.question),
            "seeds": _check_seeds(self.seeds),
            "problem": with_labels(_check_mapping("problem", self.problem), tasks),
            "options": with_labels(_check_mapping("options", self.options), tasks),
            "grid": with_labels(_check_grid(self.grid), tasks),
            "points": tuple(with_labels(each, tasks) for each in _check_points(self.points)),
            "tasks": own_by_label([*tasks.values(), *find_tasks(parts)]),
            "function": find_function(self.function),
        }
        for text in ("hypothesis", "name"):
            if getattr(self, text) is not None:
                checked[text] = _check_text(text, getattr(self, text))
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        self._check_names()
        self._check_runs()

    @classmethod
    def from_toml(cls, path: str | Path) -> Sweep:
        """Reads a sweep from a TOML file, whose keys are the attributes.

        `seeds` is a list or `{first = 0, count = 20}`; `function` is 'module:name'. A table of
        your own becomes a task by a section with what `Task.from_table` takes, its path beside the
        TOML file, and is then named as any task:

            [tasks.churn]
            path = "churn.csv"
            target = "churn"    # its column of labels; also seed, missing, drop

            [problem]
            task_name = "churn"

        Raises:
            OSError: the file, or a table it names, cannot be read.
            TypeError: a key does not hold what belongs there; the message names file and key.
            ValueError: the file is no TOML, a key is unknown or missing, or a value out of range.
        """
        try:
            keys = read_keys(path, known=[each.name for each in fields(cls) if each.init])
            if "tasks" in keys:
                keys["tasks"] = read_tasks(keys["tasks"], Path(path).parent)
            return cls(**keys)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{path}: {error}") from error

    @property
    def function_name(self) -> str:
        """The name of what is run, 'module:name'."""
        return name_function(find_function(self.function))

    @property
    def identity(self) -> str:
        """What the key of each point begins with: the sweep's name, or else that of what is run."""
        return self.name or (_SELECTION if self.function is select_neurons else self.function_name)

    @property
    def point_function(self) -> PointFunction:
        """What runs a point, selectors and tasks of your own included."""
        function = find_function(self.function)
        if function is select_neurons and self.own_selectors:
            function = partial(select_neurons, own=self.own_selectors)
        return WithTasks(function, self.tasks) if self.tasks else function

    @property
    def code_name(self) -> str:
        """What an entry calls the code that was run."""
        return "selector_code" if self.function is select_neurons else "function_code"

    def digests(self) -> dict[str, str]:
        """The code, now, of what is run: of the function, or of own selectors, by name."""
        own: Mapping[str, Any] = self.own_selectors
        if self.function is not select_neurons:
            own = {self.function_name: find_function(self.function)}
        return {name: code_digest(each) for name, each in own.items()}

    def code_of(self, parameters: Mapping[str, Any], digests: Mapping[str, str]) -> str | None:
        """Of `digests`, what a point runs; None where all of it is labkit's."""
        if self.function is not select_neurons:
            return digests[self.function_name]
        named = (str(parameters.get(name)) for name in NAMES_A_SELECTOR)
        return " ".join(digests[name] for name in named if name in digests) or None

    def parameters(self) -> list[Parameters]:
        """The parameters of each point, in order: the grid's last name moves fastest."""
        return [*self._parameters()]

    def runs(self) -> list[tuple[Parameters, int]]:
        """All (parameters, seed): every point with the first seed, then with the next."""
        points = self.parameters()
        return [(dict(point), seed) for seed in self.seeds for point in points]

    def point_key(self, parameters: Mapping[str, Any], seed: int) -> str:
        """The digest by which the lab book knows a run of this sweep; see `point_key`."""
        return point_key(self.identity, parameters, seed)

    def keyed_runs(self) -> dict[str, tuple[Parameters, int]]:
        """All (parameters, seed) by their keys, in the order of `runs`."""
        identity = self.identity
        return {point_key(identity, *each): each for each in self.runs()}

    def _parameters(self) -> Iterator[Parameters]:
        same = {**self.problem, **self.options}
        if self.selector is not None:
            same["selector"] = self.selector
        for point in self.points or ({},):
            for values in itertools.product(*self.grid.values()):
                yield {**same, **point, **dict(zip(self.grid, values, strict=True))}

    def _name_selectors(self) -> None:
        own: dict[str, Selector] = {}
        if self.function is select_neurons:
            selector = name_selectors({"selector": self.selector}, own)["selector"]
            object.__setattr__(self, "selector", selector)
            for part in ("problem", "options", "grid"):
                object.__setattr__(self, part, name_selectors(getattr(self, part), own))
            if isinstance(self.points, list | tuple):
                named = tuple(name_selectors(point, own) for point in self.points)
                object.__setattr__(self, "points", named)
        object.__setattr__(self, "own_selectors", own)

    def _check_names(self) -> None:
        named = {"selector": "selector"} if self.selector is not None else {}
        point_names = dict.fromkeys(itertools.chain.from_iterable(self.points))
        for part in ("problem", "options", "grid", "points"):
            for name in point_names if part == "points" else getattr(self, part):
                if name in _OWN:
                    raise ValueError(f"{part} names {name!r} (limit: the sweep's own attribute)")
                if name in named:
                    given = f"{part} names {name!r}, and so does {named[name]}"
                    raise ValueError(f"{given} (limit: each name once)")
                named[name] = part

    def _check_runs(self) -> None:
        sizes = [len(values) for values in self.grid.values()]
        count = math.prod(sizes) * max(len(self.points), 1) * len(self.seeds)
        if count > MAX_RUNS:
            raise ValueError(f"grid, points and seeds make {count:,} runs (limit: {MAX_RUNS:,})")
        seen = set()
        for parameters in self._parameters():
            key = point_key("", parameters, 0)
            if key in seen:
                raise ValueError(f"points holds {show_value(parameters)} twice (limit: once)")
            seen.add(key)
            if self.function is select_neurons:
                check_selection(parameters, self.own_selectors, self.tasks)


def _check_text(argument: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{argument}={show_value(value)} is not text")
    if not value.strip():
        raise ValueError(f"{argument}={value!r} is empty (limit: 1 character or more)")
    return value


def _check_seeds(seeds: Any) -> tuple[int, ...]:
    if isinstance(seeds, str | bytes | Mapping) or not hasattr(seeds, "__iter__"):
        raise TypeError(f"seeds={show_value(seeds)} is not a sequence of integers")
    if hasattr(seeds, "__len__") and len(seeds) > MAX_RUNS:
        raise ValueError(f"seeds holds {len(seeds):,} seeds (limit: {MAX_RUNS:,})")
    checked = tuple(
        check_integer("seeds", seed, minimum=0, maximum=_LARGEST_SEED) for seed in seeds
    )
    if not checked:
        raise ValueError("seeds is empty (limit: 1 seed or more)")
    if len({*checked}) < len(checked):
        doubled = next(seed for seed in checked if checked.count(seed) > 1)
        raise ValueError(f"seeds holds {doubled} more than once (limit: once)")
    return checked


def _check_mapping(argument: str, value: Any, *, limited: bool = True) -> Parameters:
    if not isinstance(value, Mapping):
        raise TypeError(f"{argument}={show_value(value)} is not a mapping of names to values")
    plain: Parameters = to_plain(argument, value, limited=limited)
    return plain


def _check_grid(grid: Any) -> dict[str, list[Any]]:
    checked = _check_mapping("grid", grid, limited=False)  # of any number of values
    for name, values in checked.items():
        if not isinstance(values, list):
            raise TypeError(f"grid.{name}={show_value(values)} is not a sequence of values")
        if not values:
            raise ValueError(f"grid.{name} is empty (limit: 1 value or more)")
    return checked


def _check_points(points: Any) -> tuple[Parameters, ...]:
    if isinstance(points, str | Mapping) or not isinstance(points, Sequence):
        raise TypeError(f"points={show_value(points)} is not a sequence of mappings")
    return tuple(_check_mapping(f"points[{i}]", point) for i, point in enumerate(points))
