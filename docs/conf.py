"""How Sphinx builds the book, of what tools/make_book.py gathers: `make book`."""

import sys
from pathlib import Path
from typing import Any

import labkit

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))

project = "Quantum Neuron Selection Lab"
author = "the lab's authors"
copyright = "the lab's authors, Apache-2.0"
release = version = labkit.__version__
language = "en"
extensions = ["sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon"]
extensions += ["myst_nb", "book_pages"]
templates_path = ["templates"]
html_theme = "sphinx_book_theme"
html_title = project
html_theme_options = {
    "show_toc_level": 2,
    "max_navbar_depth": 1,  # what would unfold has no name for a screen reader
    "navbar_persistent": [],
    "use_download_button": False,
    "use_fullscreen_button": False,
}
html_context = {"default_mode": "auto"}
html_static_path = ["static"]
html_favicon = "static/icon.svg"
html_css_files = ["book.css"]
html_copy_source = False
html_show_sourcelink = False
html_math_renderer = "mathml"
default_role = "code"

nb_execution_mode = "off"
nb_code_prompt_show = "What checks these claims"
nb_code_prompt_hide = "Hide the check"
nb_render_markdown_format = "myst"
myst_enable_extensions = ["attrs_block", "dollarmath"]
myst_dmath_double_inline = True
myst_heading_anchors = 4

autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
autosummary_generate = True
autosummary_ignore_module_all = False
add_module_names = False
napoleon_numpy_docstring = False
napoleon_use_ivar = True
suppress_warnings = ["ref.python"]  # what two packages give is found twice


def setup(app: Any) -> None:
    """A ket |m> in a docstring is no substitution."""
    app.connect("autodoc-process-docstring", _escape_bars)


def _escape_bars(
    app: Any, what: str, name: str, obj: object, options: Any, lines: list[str]
) -> None:
    lines[:] = [line.replace("|", r"\|") for line in lines]
