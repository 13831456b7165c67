"""The book, built once for all tests of a process, where nothing can be asked for outside."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = """
import socket, sys
from pathlib import Path

def refuse(*_, **__):
    raise OSError("the book asks for the network")

socket.socket.connect = socket.getaddrinfo = refuse
import make_book
sys.exit(make_book.build(Path(sys.argv[1]), Path(sys.argv[2])))
"""


@cache
def built_book() -> Path:
    """The folder of the book."""
    folder = Path(tempfile.mkdtemp(prefix="labkit-book-"))
    command = [sys.executable, "-c", BUILD, str(folder / "book"), str(folder / "sources")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT / "tools")
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "book"


@dataclass
class Html(HTMLParser):
    """What the tests ask of a page.

    Attributes:
        path: of its file.
        ids: what a link may point to.
        links: the targets of its links, pictures, scripts and style sheets.
        texts: the texts of its pictures; None where there is none.
        words: what it says outside code and scripts.
        tags: the names of its elements, in order.
    """

    path: Path
    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    texts: list[str | None] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    _code: int = 0

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        self.ids.add(found.get("id") or "")
        links = [found.get(name) for name in ("href", "src")]
        self.links += [link for link in links if link and not link.startswith("data:")]
        if tag == "img":
            self.texts.append(found.get("alt"))
        self._code += tag in ("pre", "code", "script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag in ("pre", "code", "script", "style")

    def handle_data(self, data: str) -> None:
        if not self._code:
            self.words.append(data)


@cache
def pages() -> dict[str, Html]:
    """Every page of the book by its address within it."""
    book = built_book()
    return {
        path.relative_to(book).as_posix(): Html(path)
        for path in sorted(book.rglob("*.html"))
        if not path.is_relative_to(book / "_static")
    }
