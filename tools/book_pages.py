"""What the book adds to Sphinx: links that lead where the book has it, formulas as MathML.

A page asks nobody but the book itself. So pictures from elsewhere become their words, formulas are
set when the book is built, and an address of the published site becomes one inside this copy.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx import addnodes

ROOT = Path(__file__).resolve().parents[1]
NAME = "quantum-neuron-selection-lab"
REPOSITORY = f"https://github.com/{NAME}/{NAME}"
SITE = f"https://{NAME}.github.io/{NAME}/"
#: What docutils does not know, or reads otherwise than TeX, and what it reads as meant.
_SPELLINGS = (
    (r"\\(big|Big)(?=[)\]])", r"\\\1r"),
    (r"\\(big|Big)(?![a-zA-Z])", r"\\\1l"),
    (r"\\dots(?![a-zA-Z])", r"\\ldots"),
    (r"(\\[dt]?frac|\\sqrt|[\^_])\s*(\d)(?=\d)", r"\1{\2}"),  # TeX takes one digit
    (r"(\\(?:hat|bar)\s*\w)_", r"\1{}_"),  # an index beside a hat, not below it
    (r"\|(?=[^|]*\\rangle)", r"\\lvert "),  # a ket opens
)

#: After the name of a function whose argument is in no brackets TeX leaves room; browsers do not.
_BARE_ARGUMENT = re.compile(r"<mo>(?:\u2061|&ApplyFunction;)</mo>(?!\s*<mo[^>]*>[(\[])")


def setup(app: Any) -> dict[str, bool]:
    """Is called by Sphinx."""
    app.add_html_math_renderer("mathml", (_visit_math, None), (_visit_math_block, None))
    app.connect("doctree-read", link_to_repository)
    app.connect("doctree-read", leave_out_pictures_from_elsewhere)
    app.connect("doctree-resolved", link_inside)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def mathml(formula: str, *, as_block: bool = False) -> str:
    """A formula in LaTeX as MathML, which browsers set themselves.

    Raises:
        docutils.utils.math.MathError: the formula has what docutils cannot read.
    """
    for spelling, known in _SPELLINGS:
        formula = re.sub(spelling, known, formula)
    found = tex2mathml(formula, as_block=as_block)
    found = found.replace('<mo class="mathopen">', '<mo form="prefix">')
    return _BARE_ARGUMENT.sub(r'\g<0><mspace width="0.17em"></mspace>', found)


def _visit_math(self: Any, node: nodes.math) -> None:
    self.body.append(mathml(node.astext()))
    raise nodes.SkipNode


def _visit_math_block(self: Any, node: nodes.math_block) -> None:
    formula = mathml(node.astext(), as_block=True)
    self.body.append(f'<div class="formula" tabindex="0">{formula}</div>')
    raise nodes.SkipNode


def link_to_repository(app: Any, doctree: nodes.document) -> None:
    """A link to a file that is no page of the book leads to the repository."""
    written = [link for link in doctree.findall(addnodes.pending_xref) if link["reftype"] == "myst"]
    for link in written:
        target, _, fragment = link["reftarget"].partition("#")
        path = (ROOT / app.env.docname).parent.joinpath(target).resolve()
        if target and link["refdomain"] != "doc" and path.exists():
            kind = "tree" if path.is_dir() else "blob"
            address = f"{REPOSITORY}/{kind}/main/{path.relative_to(ROOT).as_posix()}"
            address += fragment and f"#{fragment}"
            (words,) = link.children
            link.replace_self(nodes.reference("", "", *words.children, refuri=address))


def leave_out_pictures_from_elsewhere(app: Any, doctree: nodes.document) -> None:
    """A badge is an answer of another server at each visit: its words stay."""
    for image in list(doctree.findall(nodes.image)):
        if "://" in image["uri"]:
            image.replace_self(nodes.Text(image["alt"]))


def link_inside(app: Any, doctree: nodes.document, page: str) -> None:
    """An address of the published site leads to the same place of this copy."""
    root = "../" * page.count("/")
    for link in doctree.findall(nodes.reference):
        if link.get("refuri", "").startswith(SITE):
            link["refuri"] = root + (link["refuri"].removeprefix(SITE) or "index.html")
            link["internal"] = True
