"""A link that opens the lite site, where Python runs in the browser, and runs some code there."""

from __future__ import annotations

from urllib.parse import parse_qs, quote, urlsplit

#: Where the lite site is published; a page that is a lite site itself puts its own address here.
SITE = "https://quantum-neuron-selection-lab.github.io/quantum-neuron-selection-lab/lite/"
#: The page of the site that runs code as it opens (JupyterLite's console), with its toolbar.
_CONSOLE = "repl/index.html?kernel=python&toolbar=1&code="
#: Characters of a link that every server, browser and mail program takes.
LONGEST = 2000


def link_to(code: str, site: str = SITE) -> str:
    """The link that opens `site` (its address, which ends in a slash) and runs `code` there."""
    return f"{site}{_CONSOLE}{quote(code, safe='')}"


def code_in(link: str) -> str:
    """The code that a link runs.

    Raises:
        ValueError: the link has none.
    """
    codes = parse_qs(urlsplit(link).query).get("code", [])
    if len(codes) != 1:
        raise ValueError(f"link={link!r} has {len(codes)} pieces of code (limit: 1)")
    return codes[0]
