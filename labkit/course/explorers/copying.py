"""The buttons that copy what an explorer shows, as Python and as a link."""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets

from labkit.course.explorers.picture import style_sheet
from labkit.course.links import LONGEST, SITE, link_to
from labkit.course.wording import say


class CopyButtons(anywidget.AnyWidget):
    """Buttons that copy code, and a link; what was copied is shown beneath, until it is hidden.

    A press copies what is chosen then. Where the browser does not let the page copy, the text is
    selected, to be copied by hand. On a page of a lite site the link opens that site, else the
    published one.

    Attributes:
        code: Python that makes the same explorer.
        link: opens the published lite site with it; empty where no link can.
        why_not: in one line, why there is no link; empty where there is one.
        words: what the buttons and the page say, by name.
    """

    _esm = Path(__file__).with_name("copying.js")
    _css = style_sheet("copying.css")

    code = traitlets.Unicode().tag(sync=True)
    link = traitlets.Unicode().tag(sync=True)
    why_not = traitlets.Unicode().tag(sync=True)
    site = traitlets.Unicode(SITE).tag(sync=True)
    words = traitlets.Dict().tag(sync=True)

    def __init__(self) -> None:
        names = ("code", "link", "code_copied", "link_copied", "refused", "hide", "copied_text")
        super().__init__(words={name: say(f"copy.{name}") for name in names})

    def offer(self, code: str, own: str) -> None:
        """Offers code, and a link that runs it unless it names what is the reader's `own`."""
        link = link_to(code)
        why_not = say("copy.own", own=own) if own else ""
        if len(link) > LONGEST and not own:
            why_not = say("copy.too_long", length=len(link), limit=LONGEST)
        with self.hold_sync():
            self.code, self.link, self.why_not = code, "" if why_not else link, why_not
