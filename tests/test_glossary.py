"""Words: the course shows each term of the glossary where it first uses it."""

from __future__ import annotations

import re
from functools import cache
from itertools import chain

import pytest
from notebook_measures import prose_of
from run_notebooks import FOLDER, read

from labkit.course.glossary import GLOSSARY, Term
from labkit.course.registry import LESSONS

#: How prose says a term, where it is not by its name: a regular expression.
SAID = {
    "CostTable, cost table": "cost tables?|CostTable",
    "neuron mask": "neuron masks?|masks?",
    "product state": "(?<!matrix )product states?",
    "standardised": r"standardis\w+",
    "tie, optimum": "ties|tied|optima|optimum",
    "local minimum": "local minim(?:um|a)",
    "field, coupling": "couplings?|fields?",
    "truncated": r"truncat\w+",
    "spectrum": "spectr(?:um|a)",
    "entangled": r"entangle\w*",
    "entanglement entropy": "entanglement entropy|entropy",
    "cost query": "cost quer(?:y|ies)",
    "forward pass": "forward[ _]pass(?:es)?",
    "phase, γ": "phase layers?",
    "mixer, β": "mixers?",
    "transfer": r"transfer\w*",
    "penalty": "penalt(?:y|ies)",
    "block_size": "block[ _]sizes?",
    "fidelities": "fidelit(?:y|ies)",
    "extrapolation": r"extrapolat\w+",
    "Dürr and Høyer": "Dürr",
    "mask index": "mask ind(?:ex|ices)",
    "entry": "entr(?:y|ies)",
    "order": r"order (?:n|\d)|orders",
    "error": "errors?(?! rate)",
}
#: Words of everyday English too: uses before the term's notebook are not uses of the term.
EVERYDAY = {
    "order",
    "scheme",
    "error",
    "gain",
    "record",
    "entry",
    "sweep",
    "call",
    "basis",
    "problem",
}
#: Names that stand in code alone.
IN_CODE = {"problem", "PauliZCost"}
TERMS = [term for term in chain(*GLOSSARY.values()) if term.notebook and term.name not in IN_CODE]
#: What announces: headings, the first cell's aims, and the titles of other notebooks.
_ANNOUNCED = (r"(?m)^#.*$", r"\*\*You will be able to\*\*.*", r"\[[^\]]*\]\([^)]*\)")


@cache
def cells() -> list[tuple[str, str]]:
    """The number of a lesson and the text of a cell, for all prose but the glossary's."""
    found = []
    for lesson in (lesson for lesson in LESSONS if lesson.number != "16"):
        for text in prose_of(read(FOLDER / lesson.notebook)):
            for pattern in (*_ANNOUNCED, r"(?s)```.*?```"):
                text = re.sub(pattern, " ", text)
            found.append((lesson.number, text))
    return found


def first_use(term: Term) -> tuple[str, str] | None:
    """The lesson and the cell that first say a term; everyday words count from their lesson on."""
    since = [lesson.number for lesson in LESSONS].index(term.notebook)
    counted = {lesson.number for lesson in LESSONS[since if term.name in EVERYDAY else 0 :]}
    uses = (c for c in cells() if c[0] in counted and says(term).search(re.sub(r"[*`]", "", c[1])))
    return next(uses, None)


def says(term: Term) -> re.Pattern[str]:
    said = SAID.get(term.name, f"{re.escape(term.name)}s?")
    return re.compile(rf"(?<![\w-])(?:{said})(?![\w-])", re.IGNORECASE)


def is_shown(term: Term, text: str) -> bool:
    """Whether a cell sets a term apart, in italics, in bold or as code."""
    apart = ["".join(pair) for pair in re.findall(r"\*+([^*]+?)\*+|`([^`]+)`", text)]
    return any(says(term).search(word) or word == term.name for word in apart)


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.name)
def test_a_term_is_shown_where_it_is_first_used_and_the_glossary_says_where(term: Term) -> None:
    use = first_use(term)
    assert use is not None, "no notebook uses it"
    notebook, text = use
    assert notebook == term.notebook, f"{notebook} uses it first: {text}"
    assert is_shown(term, text), f"used before it is shown: {text}"


def test_a_term_that_is_used_before_it_is_shown_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    told = [("00", "Measure the qubits."), ("03", "A *qubit* has two amplitudes."), ("03", "`x`")]
    monkeypatch.setattr("test_glossary.cells", lambda: told)
    for notebook, shown in (("00", False), ("03", False)):
        use = first_use(Term("qubit", "a bit", notebook))
        assert use == told[0]
        assert is_shown(Term("qubit", "a bit", notebook), use[1]) is shown
    assert first_use(Term("basis", "a question", "03")) is None
    assert is_shown(Term("amplitude", "a number", "03"), "its *amplitudes*, two")


def test_the_words_of_this_test_are_those_of_the_glossary() -> None:
    names = {term.name for term in chain(*GLOSSARY.values())}
    assert {*SAID, *EVERYDAY, *IN_CODE} <= names
