"""Measure the default problems over 20 seeds and write docs/measurements.md and its figure.

usage: python tools/measure.py [SECTION ...]     (all, some minutes; sections are named below)
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import measured_networks
import measured_searches
from measured import DOCS, Section

SECTIONS: dict[str, Callable[[], Section]] = {
    "small": measured_networks.measure_small,
    "large": measured_networks.measure_large,
    "weights": measured_networks.measure_weights,
    "nk": measured_networks.measure_nk,
    "calls": measured_searches.measure_calls,
    "ties": measured_searches.measure_ties,
    "qaoa": measured_searches.measure_qaoa,
    "blocks": measured_searches.measure_blocks,
}
HEADER = """\
# Measurements

Made by `make measure`; do not edit. Every number is a mean ± standard deviation over 20 random
networks, seeds 0 to 19, unless its section says otherwise.
"""


def main(names: Sequence[str]) -> None:
    """Measure, and write the page if no section is left out."""
    texts = []
    for name in names or SECTIONS:
        texts.append(SECTIONS[name]().markdown())
        print(texts[-1], flush=True)
    if not names:
        (DOCS / "measurements.md").write_text("\n".join([HEADER, *texts]), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
