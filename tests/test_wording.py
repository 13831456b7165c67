"""Every text of the interface stands in one table, and a translation of it is seen everywhere."""

from __future__ import annotations

import ast
import json
import os
import re
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks.fresh_script import explorers

import labkit.course
from labkit.course.wording import FOLDER, LANGUAGE, read_table, say, texts

COURSE = Path(labkit.course.__file__).parent
#: What shows texts to a reader; the prose of lessons is no part of the interface.
MODULES = sorted(
    path
    for name in ("explorers", "panels", "plots", "*.py")
    for path in (COURSE.glob(name) if "*" in name else (COURSE / name).glob("*.py"))
    if path.name not in ("glossary.py", "registry.py", "gated_circuits.py", "module_map.py")
)
TABLE = read_table(FOLDER / "en.json")
#: Keys are put together of a beginning and a name: whatever has one of these beginnings is used.
BEGINNINGS = (
    "choice.",
    "list.",
    "low_bit.final_temperature",
    "low_bit.learning_rate",
    "copy.",
    "watch.",
    "drawing.",
    "oracle.head_",
    "checking.",
)
#: Arguments and calls by which a text reaches a widget or a figure.
SHOWN = {"description", "tooltip", "placeholder", "title", "label", "xlabel", "ylabel", "note"}
SHOWING = {"set_title", "set_xlabel", "set_ylabel", "slider", "selection_slider", "button_for"}
#: Is no text for a reader: CSS, code, a place in Matplotlib, names of the lab book and of files.
NO_TEXT = re.compile(
    r"[\w-]+:[^.]*\d|[\d.]+ [\d.]+ \d+px|row wrap|0 1em|min\(100%, \d+px\)|offset points"
    r"|(upper|lower) (left|right|center)|import cirq|q = cirq.*|circuit = cirq.*|What does .*"
    r"|from .* import .*|# .*your own|<!DOCTYPE.*| width=.*|verdict .*|white-space.*|border-.*"
    r"|Which exercises are solved\?|<.*>|.*width:min.*|hidden_layers=, mask_kind=",
    re.DOTALL,
)
#: Names, which are values of arguments or stand in lab books: of selectors, a status, a task.
NAMES = {"random search", "one-flip search", "local selection", "adaptive Grover", "QAOA, ramp"}
NAMES |= {"tabu search", "not attempted", "mnist5k, 7 × 7", "the features of all stages"}


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    """The calls of `say` in a module."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="say")):
                yield node


def keys_of(call: ast.Call) -> list[str]:
    """The keys that a call may look up, where they are written out."""
    match call.args[0]:
        case ast.Constant(value=str(key)):
            return [key]
        case ast.IfExp(body=ast.Constant(value=str(one)), orelse=ast.Constant(value=str(other))):
            return [one, other]
    return []


def placeholders(text: str) -> set[str]:
    """The names of what is filled into a text."""
    found = (name for _, name, _, _ in string.Formatter().parse(text) if name is not None)
    return {re.split(r"[.\[]", name)[0] for name in found}


def not_in_the_table(source: str) -> list[str]:
    """The texts of a module that a reader would see, and that no table has."""
    found = []
    spared: set[int] = set()
    tree = ast.parse(source)
    for node in ast.walk(tree):  # parents come before what they hold
        if isinstance(node, ast.Raise | ast.Expr) and not isinstance(
            getattr(node, "value", None), ast.Call
        ):
            spared |= {id(each) for each in ast.walk(node)}  # errors of arguments, docstrings
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name == "say":
                spared |= {id(node.args[0]), *map(id, ast.walk(node.args[0]))}
            shown = {id(each.value) for each in node.keywords if each.arg in SHOWN}
            shown |= {id(node.args[-1])} if name in SHOWING and node.args else set()
            found += [_text(each) for each in ast.walk(node) if id(each) in shown - spared]
        if id(node) not in spared and (text := _text(node)) and " " in text.strip():
            found.append(text)
        if isinstance(node, ast.JoinedStr):
            spared |= {id(each) for each in node.values}
    return sorted({text for text in found if re.search("[A-Za-z]{2}", text) and _is_shown(text)})


def _is_shown(text: str) -> bool:
    """Whether it is for a reader, and not what a list shows by another text."""
    named = text in NAMES or f"choice.{text.replace(' ', '_')}" in TABLE
    return not named and NO_TEXT.fullmatch(text) is None


def _text(node: ast.AST) -> str:
    """What a literal says, without what is filled in and without tags; nothing for another node."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return re.sub("<[^>]*>", "", "".join(map(_text, values)))
    return ""


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(COURSE)))
def test_no_text_of_the_interface_is_outside_the_table(path: Path) -> None:
    assert not_in_the_table(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('def f():\n    """A docstring."""\n    return "two words"', ["two words"]),
        ('slider("seed", 0, 0, 9, "seed")', ["seed"]),
        ('Button(description="Undo", icon="undo")', ["Undo"]),
        ('ax.set(xlabel=f"up to {n}")', ["up to "]),
        ('raise ValueError(f"seed={seed} is too large")', []),
        ('say("grover.text", n="two")', []),
        ('layout = {"flex": "3 1 430px"}', []),
    ],
)
def test_texts_outside_are_found_and_what_is_no_text_is_not(
    source: str, expected: list[str]
) -> None:
    assert not_in_the_table(source) == expected


def test_every_key_that_is_looked_up_exists_with_the_placeholders_that_are_filled() -> None:
    for path in MODULES:
        for call in calls(ast.parse(path.read_text("utf-8"))):
            for key in keys_of(call):
                assert key in TABLE, f"{path.name}: {key}"
                filled = {each.arg for each in call.keywords}
                assert placeholders(TABLE[key]) == filled or not filled, f"{path.name}: {key}"
            assert keys_of(call) or isinstance(call.args[0], ast.JoinedStr), ast.unparse(call)


def test_every_text_of_the_table_is_used() -> None:
    trees = [ast.parse(path.read_text("utf-8")) for path in MODULES]
    written = {key for tree in trees for call in calls(tree) for key in keys_of(call)}
    assert [k for k in TABLE if k not in written and not k.startswith(BEGINNINGS)] == []


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_a_translation_has_keys_and_placeholders_of_the_english_table(path: Path) -> None:
    table = read_table(path)
    assert table and all(isinstance(text, str) for text in table.values())
    assert {key for key in table if key not in TABLE} == set()
    assert [k for k in table if not placeholders(table[k]) <= placeholders(TABLE[k])] == []


@pytest.fixture
def forget() -> Iterator[None]:
    """Languages that a test chooses are not those of the next."""
    texts.cache_clear()
    yield
    texts.cache_clear()


@pytest.mark.usefixtures("forget")
def test_what_a_translation_lacks_is_said_in_english(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "de.json"
    table.write_text('{"copy": {"hide": "Verbergen", "own": "Kein Link: {own}."}}', "utf-8")
    monkeypatch.setenv(LANGUAGE, str(table))
    assert say("copy.hide") == "Verbergen"
    assert say("copy.own", own="mine") == "Kein Link: mine."
    assert say("copy.code") == "Copy as code"


@pytest.mark.usefixtures("forget")
def test_a_language_without_a_table_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LANGUAGE, "xx")
    with pytest.raises(ValueError, match=r"LABKIT_LANGUAGE='xx' is no table \(limit: .*en.*\)$"):
        say("copy.hide")


#: Prints what a reader sees of each explorer: where it stands, and what it says.
SEEN = """
import json
from benchmarks.fresh_script import explorers
from labkit.course.html import plain_text
seen = []
for build in explorers():
    shown = build()
    name, controls = build.__name__, shown.controls.values()
    seen += [(f"{name} label", control.description) for control in controls]
    seen += [(f"{name} text", plain_text(shown.text.value))]
    seen += [(f"{name} button", b.description) for b in (shown.reset_button, shown.add_button)]
    for ax in shown._axes:
        seen += [(f"{name} axis", text) for text in (ax.get_xlabel(), ax.get_ylabel())]
        seen += [(f"{name} title", ax.get_title())]
print(json.dumps(seen))
"""


def test_a_translation_is_seen_in_every_text_of_every_explorer(tmp_path: Path) -> None:
    """Each text of the table in brackets: what a reader sees outside of brackets is in no table."""
    english = (FOLDER / "en.json").read_text("utf-8")
    lines = [_in_brackets(line) for line in english.splitlines(keepends=True)]
    (tmp_path / "xx.json").write_text("".join(lines), "utf-8")
    env = {**os.environ, LANGUAGE: str(tmp_path / "xx.json")}
    done = subprocess.run(
        [sys.executable, "-c", SEEN], env=env, capture_output=True, text=True, check=True,
        cwd=Path(__file__).parent,
    )  # fmt: skip
    seen = [(where, text) for where, text in json.loads(done.stdout) if text]
    assert len({where.partition(" ")[0] for where, _ in seen}) == len(explorers())
    assert [(where, text) for where, text in seen if re.search("[a-z]{3}", _outside(text))] == []


def _in_brackets(line: str) -> str:
    """A line of the table, its text in brackets."""
    return re.sub(r': "(.*)"(,?)$', r': "⟦\1⟧"\2', line)


def _outside(text: str) -> str:
    """What is outside of all brackets; labels may have lost their end, for room."""
    depth, kept = 0, ""
    for character in text:
        depth += (character == "⟦") - (character == "⟧")
        kept += character if depth == 0 else ""
    return kept
