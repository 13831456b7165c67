"""What the interface of the course says: one table of texts for each language, looked up by key.

The table `en.json` beside this file is the whole of it. A translation is a copy of it under another
name, such as `de.json`, which is read where the environment variable `LABKIT_LANGUAGE` is `de`, or
the path of that file, before labkit is imported; what it lacks is said in English. In a text,
`{name}` and `{name:.3f}` stand for what the program fills in: a translation keeps the names, in any
order; `<b>` makes words bold.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: Where the tables are, and which language they are looked up in.
FOLDER, LANGUAGE = Path(__file__).parent, "LABKIT_LANGUAGE"


def say(key: str, /, **values: object) -> str:
    """The text of a key, such as 'copy.code', with the values of its placeholders.

    Raises:
        KeyError: there is no such text, or a placeholder has no value.
    """
    text = texts()[key]
    return text.format_map(values) if values else text


@functools.cache
def texts() -> Mapping[str, str]:
    """key -> text, in the language of this process, in English where it lacks one.

    Raises:
        ValueError: there is no table of that language.
    """
    english = read_table(FOLDER / "en.json")
    language = os.environ.get(LANGUAGE) or "en"
    if language == "en":
        return english
    path = Path(language) if language.endswith(".json") else FOLDER / f"{language}.json"
    if not path.is_file():
        known = ", ".join(sorted(each.stem for each in FOLDER.glob("*.json")))
        raise ValueError(f"{LANGUAGE}={language!r} is no table (limit: {known}, or a file)")
    return english | read_table(path)


def read_table(path: Path) -> dict[str, str]:
    """key -> text of a table; the keys of its parts are joined by dots."""
    return dict(_flat(json.loads(path.read_text(encoding="utf-8")), ""))


def _flat(table: Mapping[str, Any], before: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in table.items():
        name = f"{before}{key}"
        found += _flat(value, f"{name}.") if isinstance(value, Mapping) else [(name, value)]
    return found
