"""Tasks of one's own in a sweep: parameters name them by label, functions get the tasks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.datasets import TASK_NAMES, Task
from labkit.ledger import Outcome
from labkit.limits import show_value
from labkit.sweeps.points import PointFunction

#: The parameters in which a name stands for a task.
_NAMING = ("task_name", "task")
_NEEDED = ("path", "target")
_KEYS = (*_NEEDED, "seed", "missing", "drop")


@dataclass(frozen=True)
class WithTasks:
    """A function of points that gets a task where a parameter is the label of one.

    Attributes:
        function: of the sweep.
        tasks: by label.
    """

    function: PointFunction
    tasks: Mapping[str, Task]

    def __call__(self, parameters: Mapping[str, Any], seed: int) -> Outcome:
        """Runs the function."""
        return self.function({name: self._task(value) for name, value in parameters.items()}, seed)

    def _task(self, value: Any) -> Any:
        return self.tasks.get(value, value) if isinstance(value, str) else value


def check_tasks(tasks: Any) -> dict[str, Task]:
    """Returns tasks by name.

    Raises:
        TypeError: it is no mapping of names to tasks.
        ValueError: a name is that of a stored task.
    """
    if not isinstance(tasks, Mapping):
        raise TypeError(f"tasks={show_value(tasks)} is not a mapping of names to tasks")
    for name, task in tasks.items():
        if not isinstance(name, str) or not isinstance(task, Task):
            how = "Task.from_table(...) makes one"
            raise TypeError(f"tasks[{name!r}]={show_value(task)} is no Task with a name ({how})")
        if name in TASK_NAMES:
            raise ValueError(f"tasks names {name!r}, a stored task (limit: another name)")
    return dict(tasks)


def find_tasks(value: Any) -> Iterator[Task]:
    """All tasks in a value, its lists and mappings."""
    if isinstance(value, Task):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from find_tasks(each)


def own_by_label(tasks: Iterable[Task]) -> dict[str, Task]:
    """Tasks by label, without those that `load_task` finds."""
    return {task.label: task for task in tasks if task.label not in TASK_NAMES}


def with_labels(parameters: dict[str, Any], tasks: Mapping[str, Task]) -> dict[str, Any]:
    """Parameters, or the lists of a grid, in which a task's label stands for its name."""

    def label(value: Any) -> Any:
        if isinstance(value, list):
            return [label(each) for each in value]
        return tasks[value].label if isinstance(value, str) and value in tasks else value

    return {name: label(value) if name in _NAMING else value for name, value in parameters.items()}


def read_tasks(tables: Any, folder: Path) -> dict[str, Task]:
    """The tasks of a TOML file, `[tasks.NAME]` with `path` and `target` each.

    Args:
        tables: of each name, what `Task.from_table` is given.
        folder: of the file, where paths begin.

    Raises:
        OSError: a table cannot be read.
        TypeError, ValueError: a key is unknown or missing, or the table makes no task.
    """
    if not isinstance(tables, Mapping):
        raise TypeError(f"tasks={show_value(tables)} is not a table (limit: [tasks.NAME])")
    return {name: _read_task(name, keys, folder) for name, keys in tables.items()}


def _read_task(name: str, keys: Any, folder: Path) -> Task:
    given = f"tasks.{name}"
    if not isinstance(keys, Mapping) or not {*_NEEDED} <= {*keys} <= {*_KEYS}:
        limit = f"{' and '.join(_NEEDED)}, and perhaps {', '.join(_KEYS[2:])}"
        raise ValueError(f"{given}={show_value(keys)} (limit: {limit})")
    options = dict(keys)
    path = options.pop("path")
    if not isinstance(path, str):
        raise TypeError(f"{given}.path={show_value(path)} is not text")
    try:
        return Task.from_table(folder / Path(path).expanduser(), name=name, **options)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{given}: {error}") from error
