"""The picture of an explorer: clicks, arrow keys, and a mask that several explorers share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from labkit.course.explorers import Explorer, SharedMask
from labkit.course.explorers.picture import Picture


class Pointed(Explorer):
    """Notes what its picture tells it, and draws the mask that is lit."""

    def __init__(self, shared: SharedMask | None = None) -> None:
        self.seen: list[tuple[Any, ...]] = []
        super().__init__({}, widths=(3.0, 2.0), height=2.0, shared=shared)

    def _draw(self) -> str:
        for ax in self._axes:
            ax.set(xlim=(0, 10), ylim=(0, 1))
        return f"mask {self.shared.neuron_mask}"

    def _numbers(self) -> dict[str, Any]:
        return {}

    def _point(self, number: int, x: float, y: float) -> None:
        self.seen.append((number, x, y))
        self.shared.choose([x > 5, y > 0.5])

    def _arrow(self, right: int, up: int) -> None:
        self.seen.append((right, up))


def share_of(explorer: Explorer, number: int, x: float, y: float) -> tuple[float, float]:
    """Where a point of axes lies, as shares of the picture."""
    ax = explorer._axes[number]
    width, height = ax.figure.bbox.size
    across, up = ax.transData.transform((x, y))
    return across / width, up / height


@pytest.mark.parametrize(("number", "x", "y"), [(0, 1.0, 0.25), (1, 9.0, 0.75)])
def test_a_click_arrives_in_the_coordinates_of_the_axes_it_hits(
    number: int, x: float, y: float
) -> None:
    explorer = Pointed()
    explorer.point_at(*share_of(explorer, number, x, y))
    ((hit, across, up),) = explorer.seen
    assert (hit, across, up) == (number, pytest.approx(x), pytest.approx(y))
    assert explorer.n_draws == 2


def test_a_click_beside_all_axes_does_nothing() -> None:
    explorer = Pointed()
    explorer.point_at(0.001, 0.001)
    assert explorer.seen == [] and explorer.n_draws == 1


def test_a_mask_chosen_in_one_explorer_is_lit_in_all_that_share_it() -> None:
    shared = SharedMask()
    first, second, alone = Pointed(shared), Pointed(shared), Pointed()
    first.point_at(*share_of(first, 0, 9.0, 0.25))
    assert "[True, False]" in first.text.value and "[True, False]" in second.text.value
    assert "[]" in alone.text.value
    assert [e.n_draws for e in (first, second, alone)] == [2, 2, 1]


def test_a_shared_mask_is_read_only_by_explorers_of_as_many_neurons() -> None:
    shared = SharedMask()
    assert shared.of(2) is None
    shared.choose(np.array([True, False]))
    mask = shared.of(2)
    assert mask is not None and mask.tolist() == [True, False]
    assert shared.of(3) is None
    with pytest.raises(ValueError, match="mask"):
        shared.choose(np.array([[True], [False]]))


def heard(picture: Picture, message: dict[str, Any]) -> list[Any]:
    """What a picture sends back to a message from the page."""
    sent: list[Any] = []
    picture.send = lambda content, buffers=None: sent.append(content)
    picture._handle_custom_msg(message, [])
    return sent


def test_the_page_is_answered_once_for_each_message() -> None:
    explorer = Pointed()
    assert explorer.image.interactive
    x, y = share_of(explorer, 0, 4.0, 0.5)
    assert heard(explorer.image, {"kind": "point", "x": x, "y": y}) == [{"kind": "answered"}]
    assert heard(explorer.image, {"kind": "key", "key": "ArrowUp"}) == [{"kind": "answered"}]
    assert explorer.seen[0] == (0, pytest.approx(4.0), pytest.approx(0.5))
    assert explorer.seen[1] == (0, 1)


def test_a_message_that_nobody_knows_is_ignored() -> None:
    explorer = Pointed()
    assert heard(explorer.image, {"kind": "key", "key": "Enter"}) == []
    assert heard(explorer.image, {"kind": "other"}) == []
    assert explorer.seen == []
