"""Every state a link: what it opens is the explorer in that state; and what can be no link."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from benchmarks.fresh_script import explorers
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.course.explorers import (
    AmplitudeExplorer,
    Explorer,
    GroverExplorer,
    SelectorRace,
    SharedMask,
    SubnetworkExplorer,
)
from labkit.course.explorers.picture import ARROWS
from labkit.course.links import LONGEST, SITE, code_in, link_to
from labkit.datasets import Task
from labkit.selectors import one_flip_search

BUILD: dict[str, Callable[..., Explorer]] = {each.__name__: each for each in explorers()}


def from_code(code: str) -> Explorer:
    """Runs code as a console does, and returns what its last expression is."""
    *statements, last = ast.parse(code).body
    assert isinstance(last, ast.Expr)
    names: dict[str, Any] = {}
    exec(compile(ast.Module(statements, []), "cell", "exec"), names)
    made = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
    assert isinstance(made, Explorer)
    return made


def move_anywhere(shown: Explorer, data: st.DataObject) -> None:
    """Sets one control after another to a value that it has, and presses some arrow keys."""
    with shown.hold():
        for name, control in shown.controls.items():
            if hasattr(control, "options"):
                control.index = data.draw(st.integers(0, len(control.options) - 1), name)
            else:
                control.value = data.draw(st.integers(control.min, control.max), name)
            shown._adjust(name)
    if type(shown)._point is not Explorer._point:
        for right, up in data.draw(st.lists(st.sampled_from([*ARROWS.values()]), max_size=3)):
            shown._pressed(right, up)


@pytest.mark.parametrize("name", sorted(BUILD))
@settings(max_examples=1)
@given(data=st.data())
def test_the_link_of_any_state_opens_that_state(name: str, data: st.DataObject) -> None:
    shown = BUILD[name]()
    move_anywhere(shown, data)
    link = shown.copy_buttons.link
    assert link.startswith(SITE) and len(link) <= LONGEST
    again = from_code(code_in(link))
    assert again.chosen == shown.chosen
    assert again.text.value == shown.text.value
    assert bytes(again.image.value) == bytes(shown.image.value)
    assert again.copy_buttons.link == link


@given(st.text(min_size=1))
def test_any_code_comes_out_of_its_link_as_it_went_in(code: str) -> None:
    link = link_to(code, "http://127.0.0.1:8000/lite/")
    assert link.isascii() and not {*"'\"<> \n#"} & {*link}  # as it stands in a mail, or in HTML
    assert code_in(link) == code


@pytest.mark.parametrize("link", [SITE, f"{SITE}?code=a&code=b"])
def test_a_link_without_one_piece_of_code_is_refused(link: str) -> None:
    with pytest.raises(ValueError, match=r"pieces of code \(limit: 1\)"):
        code_in(link)


def test_a_lit_mask_is_in_the_link() -> None:
    shown = GroverExplorer(n_neurons=4, shared=SharedMask("0110"))
    again = from_code(code_in(shown.copy_buttons.link))
    assert again.lit is not None and again.lit.tolist() == [False, True, True, False]


def test_a_state_with_what_is_ones_own_has_no_link_and_says_why_in_one_line() -> None:
    table = pd.DataFrame(np.random.default_rng(5).normal(size=(60, 2)), columns=["a", "b"])
    task = Task.from_table(table.assign(y=np.arange(60) % 2), target="y", name="mine")
    for shown, own in (
        (SubnetworkExplorer(task=task), "mine@"),
        (SelectorRace(n_neurons=4, racers=("random search", one_flip_search)), "one_flip_search"),
    ):
        buttons = shown.copy_buttons
        assert buttons.link == "" and buttons.code == shown.code
        assert own in buttons.why_not and "\n" not in buttons.why_not
    chosen = SubnetworkExplorer(task=task)
    chosen.controls["task"].value = "moons"  # not one's own any more
    assert chosen.copy_buttons.link and not chosen.copy_buttons.why_not


def test_the_longest_circuit_that_can_be_built_by_hand_has_a_link_or_a_reason() -> None:
    shown = AmplitudeExplorer()
    shown.copy_buttons.offer("x" * LONGEST, own="")
    assert shown.copy_buttons.link == ""
    assert f"(limit: {LONGEST:,})" in shown.copy_buttons.why_not


def test_the_code_and_the_link_follow_what_is_chosen() -> None:
    shown = GroverExplorer()
    shown.controls["iterations"].value = 3
    assert "iterations=3" in shown.copy_buttons.code
    assert code_in(shown.copy_buttons.link) == shown.copy_buttons.code == shown.code
