"""One complex-valued neuron of two inputs: its phases, its sum, and what is read of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from labkit.arrays import FloatArray
from labkit.course.explorers.base import Explorer, dropdown, selection_slider
from labkit.course.plots.phases import draw_sums, draw_surface
from labkit.course.wording import say
from labkit.limits import check_integer
from labkit.neighbours.complex_neurons import net

#: Degrees of a phase, in steps that a slider has.
PHASES = tuple((f"{degrees}°", float(degrees)) for degrees in range(0, 360, 15))
AMPLITUDES = tuple((f"{size:g}", size) for size in (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0))
#: What is read of the sum u -> the least and the largest that it can be here.
OUTPUTS = {
    "modulus": (0.0, 1 + AMPLITUDES[-1][1]),
    "argument": (-np.pi, np.pi),
    "sine squared": (0.0, 1.0),
}
CORNERS = ("00", "01", "10", "11")
_GRID = np.linspace(0, 1, 41)
_REACH = 3.4


@dataclass(frozen=True)
class PhaseView:
    """What a neuron u = e^{i a} z_1 + A e^{i b} z_2 gives, with z = e^{i pi x / 2}.

    Attributes:
        phase_1, phase_2: a and b, degrees.
        amplitude: A, the size of the second weight; the first has size 1.
        output: one of `OUTPUTS`: of the argument also the sine squared, as phase-only neurons have.
    """

    phase_1: float
    phase_2: float
    amplitude: float
    output: str

    @property
    def weights(self) -> npt.NDArray[np.complex128]:
        """w_1 and w_2, (2, 1)."""
        turns = np.exp(1j * np.deg2rad([self.phase_1, self.phase_2]))
        return (np.array([1.0, self.amplitude]) * turns)[:, np.newaxis]

    @cached_property
    def sums(self) -> npt.NDArray[np.complex128]:
        """u of the inputs 00, 01, 10, 11, complex (4,)."""
        return net([[0, 0], [0, 1], [1, 0], [1, 1]], self.weights, [0])[:, 0]

    @property
    def outputs(self) -> FloatArray:
        """What is read of them, float64 (4,)."""
        return self._read(self.sums)

    @property
    def surface(self) -> FloatArray:
        """The output over both inputs, float64 (second, first)."""
        second, first = np.meshgrid(_GRID, _GRID, indexing="ij")
        return self._read(net(np.stack([first, second], axis=-1), self.weights, [0])[..., 0])

    @property
    def gap(self) -> float:
        """By how much 01 and 10 both lie above 00 and 11: above 0, a threshold makes it XOR."""
        same, other = self.outputs[[0, 3]], self.outputs[[1, 2]]
        return float(other.min() - same.max())

    @property
    def text(self) -> str:
        """The same in one line."""
        said = ", ".join(f"{name} <b>{value + 0.0:.2f}</b>" for name, value in self.named)
        is_xor = self.gap > 1e-9
        about = say("phases.xor", gap=self.gap) if is_xor else say("phases.no_xor")
        return say(
            "phases.text",
            amplitude=self.amplitude,
            apart=self.phase_2 - self.phase_1,
            output=self.output,
            named=said,
            about=about,
        ).replace("-", "−")

    @property
    def named(self) -> list[tuple[str, float]]:
        """The outputs, each with its inputs."""
        return list(zip(CORNERS, map(float, self.outputs), strict=True))

    def _read(self, sums: npt.NDArray[np.complex128]) -> FloatArray:
        """The output of sums; of one that is 0 but for rounding the argument is 0."""
        clean = np.where(np.abs(sums) < 1e-12, 0, sums)
        if self.output == "modulus":
            return np.abs(clean)
        angle = np.angle(clean)
        return angle if self.output == "argument" else np.square(np.sin(angle))


class PhaseExplorer(Explorer):
    """The phases of a complex neuron with two inputs: its sums in the plane, its output over both.

    Args:
        phase_1: of the first weight, degrees, a multiple of 15 below 360; its size is 1.
        phase_2: of the second weight.
        amplitude: size of the second weight, see `AMPLITUDES`.
        output: 'modulus', 'argument' in radians, or 'sine squared', which is of the argument.
        n_neurons: 1.
    """

    _kept = ("named", "gap")

    def __init__(
        self,
        phase_1: float = 0,
        phase_2: float = 90,
        amplitude: float = 1,
        output: str = "modulus",
        n_neurons: int = 1,
    ) -> None:
        choices = {
            "n_neurons": check_integer("n_neurons", n_neurons, minimum=1, maximum=1),
            "phase_1": selection_slider(
                "phase_1", phase_1, PHASES, say("phases.phase_of_the_first")
            ),
            "phase_2": selection_slider("phase_2", phase_2, PHASES, say("phases.of_the_second")),
            "amplitude": selection_slider(
                "amplitude", amplitude, AMPLITUDES, say("phases.its_size")
            ),
            "output": dropdown("output", output, tuple(OUTPUTS)),
        }
        super().__init__(choices, widths=(4.0, 4.6), height=3.8)

    @property
    def view(self) -> PhaseView:
        """What is shown."""
        names = ("phase_1", "phase_2", "amplitude", "output")
        return PhaseView(**{name: self.chosen[name] for name in names})

    def _arrow(self, right: int, up: int) -> None:
        """There is no other mask to light."""

    def _draw(self) -> str:
        view, (left, right) = self.view, self._axes
        draw_sums(left, view.sums, list(CORNERS), reach=_REACH)
        low, high = OUTPUTS[view.output]
        draw_surface(right, view.surface, view.outputs, low=low, high=high, what=view.output)
        return view.text
