"""Put gates on one to three qubits, one by one, and watch amplitudes and probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import ipywidgets as widgets
import numpy as np
import numpy.typing as npt

from labkit.course.explorers.base import QUBITS, Explorer, slider
from labkit.course.explorers.picture import SharedMask
from labkit.course.html import in_html
from labkit.course.plots import draw_chances, draw_gates, draw_state_dials
from labkit.course.plots.qubits import amplitude_in_words
from labkit.course.wording import say
from labkit.limits import check_choice
from labkit.masks import mask_from_index, mask_to_string
from labkit.simulators import entropy, probabilities

MAX_NEURONS, MAX_GATES = 3, 12
_ROOT = np.sqrt(0.5)
#: Gates on one qubit: (2, 2), the second row and column for a qubit that is 1.
ONE_QUBIT = {
    "H": np.array([[_ROOT, _ROOT], [_ROOT, -_ROOT]]),
    "X": np.array([[0, 1], [1, 0]]),
    "Z": np.diag([1, -1]),
    "S": np.diag([1, 1j]),
}
#: Gates on two qubits: what they do to the second where the first is 1.
TWO_QUBITS = {"CNOT": ONE_QUBIT["X"], "CZ": ONE_QUBIT["Z"]}
_WHAT = {
    "H": say("amplitudes.hadamard_and_into_equal"),
    "X": say("amplitudes.exchanges_and"),
    "Z": say("amplitudes.turns_the_amplitudes_with"),
    "S": say("amplitudes.turns_the_amplitudes_with_a"),
    "CNOT": say("amplitudes.exchanges_and_of_the"),
    "CZ": say("amplitudes.turns_the_amplitudes_with_both"),
}


def gate_names(n_neurons: int) -> list[str]:
    """The gates that there are for n neurons: 'H 0', ..., and 'CNOT 0 1' for neighbours."""
    alone = [f"{name} {j}" for j in range(n_neurons) for name in ONE_QUBIT]
    pairs = [f"{name} {j} {j + 1}" for j in range(n_neurons - 1) for name in TWO_QUBITS]
    return alone + pairs


def apply_gate(state: npt.NDArray[np.complex128], gate: str) -> npt.NDArray[np.complex128]:
    """The state (2^n,) after a gate, such as 'H 0' or 'CNOT 0 1'.

    Amplitudes that differ in one neuron are mixed by the gate's matrix; those of a gate on two
    qubits only where its first neuron is 1.
    """
    name, *neurons = gate.split()
    n = len(state).bit_length() - 1
    changed = state.reshape((2,) * n).copy()
    *control, target = map(int, neurons)
    where: tuple[slice | int, ...] = tuple(1 if j in control else slice(None) for j in range(n))
    axis = target - sum(j < target for j in control)
    part = np.moveaxis(changed[where], axis, 0)
    part[...] = np.tensordot({**ONE_QUBIT, **TWO_QUBITS}[name], part, 1)
    return changed.ravel()


@dataclass(frozen=True)
class AmplitudeView:
    """The state that gates make of neurons that are all off, one after the other."""

    n_neurons: int
    gates: tuple[str, ...]

    @cached_property
    def states(self) -> list[npt.NDArray[np.complex128]]:
        """Before the first gate, and after each: amplitudes (2^n,) by mask index."""
        states = [np.eye(1, 2**self.n_neurons, dtype=np.complex128)[0]]
        for gate in self.gates:
            states.append(apply_gate(states[-1], gate))
        return states

    @property
    def state(self) -> npt.NDArray[np.complex128]:
        """After the last gate."""
        return self.states[-1]

    @property
    def chances_on(self) -> list[float]:
        """For each neuron the probability that a shot finds it 1."""
        shares = probabilities(self.state).reshape((2,) * self.n_neurons)
        return [float(np.take(shares, 1, axis=j).sum()) for j in range(self.n_neurons)]

    @property
    def entangled(self) -> list[int]:
        """The neurons that cannot be described without the others."""
        n = self.n_neurons
        return [j for j in range(n) if n > 1 and entropy(self.state, [j]) > 1e-6]

    @property
    def ket(self) -> str:
        """The state as a sum of masks, such as '0.71|00⟩ + 0.71|11⟩'."""
        held = [i for i in range(len(self.state)) if abs(self.state[i]) > 1e-6]
        names = [f"|{mask_to_string(mask_from_index(i, self.n_neurons))}⟩" for i in held]
        parts = [amplitude_in_words(complex(self.state[i])) for i in held]
        summed = " + ".join(f"{part}{name}" for part, name in zip(parts, names, strict=True))
        return summed.replace("+ −", "− ")

    @property
    def code(self) -> str:
        """The same circuit in Cirq; an identity stands on each qubit, since it may have no gate."""
        gates = ["cirq.I.on_each(*q)"]
        for name, *neurons in map(str.split, self.gates):
            gates.append(f"cirq.{name}({', '.join(f'q[{j}]' for j in neurons)})")
        lines = ["import cirq", "", f"q = cirq.LineQubit.range({self.n_neurons})"]
        return "\n".join([*lines, "circuit = cirq.Circuit(", *(f"    {g}," for g in gates), ")"])

    @property
    def text(self) -> str:
        """The same in one line."""
        gates = ", ".join(self.gates) or say("amplitudes.none_yet")
        on = ", ".join(f"{j} <b>{chance:.2f}</b>" for j, chance in enumerate(self.chances_on))
        together = say("shared.and").join(map(str, self.entangled)) or say("shared.none")
        return say(
            "amplitudes.gates_state_probability_that",
            gates=in_html(gates),
            ket=self.ket,
            on=on,
            together=together,
        )


class AmplitudeExplorer(Explorer):
    """Qubits, and the gates that a reader puts on them by buttons; each begins at 0.

    The picture shows the circuit, the amplitudes before and after the last gate as dials, and the
    probability of each mask in a shot. Beside the buttons stands the circuit as Cirq code.

    Args:
        n_neurons: neurons, one qubit each, 1 to 3.
        gates: to begin with, names such as 'H 0' and 'CNOT 0 1', see `gate_names`.
        shared: the mask that is lit here and in other explorers; by default one of its own.

    Attributes:
        gates: names of the gates, in order.
        buttons: name of a gate -> the button that adds it.
        undo_button: takes the last gate away.
        circuit_code: the circuit as code, in a fold.

    Raises:
        ValueError: there is no such gate on so many neurons, or there are more than twelve.
    """

    _kept, _places = ("ket", "chances_on", "entangled", "code"), ("gates",)
    gates: tuple[str, ...] = ()

    def __init__(
        self,
        n_neurons: int = 2,
        gates: Sequence[str] = (),
        *,
        shared: SharedMask | None = None,
    ) -> None:
        choices = {"n_neurons": slider("n_neurons", n_neurons, 1, MAX_NEURONS, QUBITS)}
        for gate in gates:
            check_choice("gates", gate, gate_names(n_neurons))
        if len(gates) > MAX_GATES:
            raise ValueError(f"gates has {len(gates)} names (limit: {MAX_GATES})")
        self.gates = tuple(gates)
        self.buttons = {name: self._new_button(name) for name in gate_names(MAX_NEURONS)}
        self.undo_button = widgets.Button(
            description=say("amplitudes.undo"), icon="step-backward", disabled=True
        )
        self.undo_button.on_click(lambda _: self.undo())
        self.circuit_code = widgets.HTML()
        rows = [widgets.HBox(row) for row in self._rows()]
        palette = widgets.VBox([*rows, self.undo_button, self.circuit_code])
        super().__init__(choices, widths=(3.0, 4.6, 2.6), height=3.2, beside=palette, shared=shared)

    @property
    def view(self) -> AmplitudeView:
        """What is shown."""
        return AmplitudeView(self.chosen["n_neurons"], self.gates)

    def add(self, gate: str) -> None:
        """Puts a gate after the others, while there is room."""
        if len(self.gates) < MAX_GATES:
            with self.hold():
                self.gates = (*self.gates, gate)

    def undo(self) -> None:
        """Takes the last gate away."""
        with self.hold():
            self.gates = self.gates[:-1]

    def _new_button(self, gate: str) -> widgets.Button:
        name, *neurons = gate.split()
        layout = widgets.Layout(width="58px" if len(neurons) == 1 else "118px")
        label = f"{name} {'→'.join(neurons) if name == 'CNOT' else ' '.join(neurons)}"
        button = widgets.Button(description=label, tooltip=_WHAT[name], layout=layout)
        button.on_click(lambda _: self.add(gate))
        return button

    def _rows(self) -> list[list[widgets.Button]]:
        """The buttons of each neuron in a row, then those of each pair."""
        rows: dict[str, list[widgets.Button]] = {}
        for gate, button in self.buttons.items():
            rows.setdefault(gate.partition(" ")[2], []).append(button)
        return [*rows.values()]

    def _adjust(self, moved: str) -> None:
        """Takes away the gates on neurons that are no longer there."""
        there = gate_names(self.chosen["n_neurons"])
        self.gates = tuple(gate for gate in self.gates if gate in there)

    def _set_buttons(self) -> None:
        there = gate_names(self.chosen["n_neurons"])
        for gate, button in self.buttons.items():
            button.layout.display = None if gate in there else "none"
            button.disabled = len(self.gates) == MAX_GATES
        self.undo_button.disabled = not self.gates

    def _draw(self) -> str:
        view, (left, middle, right) = self.view, self._axes
        self._set_buttons()
        draw_gates(left, view.gates, view.n_neurons, room=MAX_GATES)
        before, now = view.states[-2:] if view.gates else view.states * 2
        draw_state_dials(middle, {say("amplitudes.before"): before, say("amplitudes.now"): now})
        draw_chances(right, probabilities(now))
        summary = f"<summary>{say('amplitudes.as_code')}</summary>"
        self.circuit_code.value = f"<details>{summary}<pre>{in_html(view.code)}</pre></details>"
        return view.text
