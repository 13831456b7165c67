"""How Sphinx builds the reference: `make docs`, without the network."""

from typing import Any

import labkit

project, author, copyright = "labkit", "the lab's authors", "the lab's authors"
release = version = labkit.__version__
extensions = ["sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon"]
templates_path = ["templates"]
exclude_patterns = ["_build", "*.md"]
html_theme = "alabaster"
html_theme_options = {"description": "quantum neuron selection", "page_width": "60em"}
html_copy_source = False
default_role = "code"
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
