"""A drawing of a network whose hidden neurons are switched on and off by click or keyboard."""

from __future__ import annotations

from pathlib import Path

import anywidget
import numpy as np
import numpy.typing as npt
import traitlets

from labkit.masks import BoolArray, check_one_mask
from labkit.networks import NetworkArrays


class NetworkDrawing(anywidget.AnyWidget):
    """A network drawn as nodes and edges; each hidden neuron is a switch.

    A click, the space bar or Enter switches a neuron; arrow keys move between neurons.

    Attributes:
        neuron_mask: list of bool (n,), which neurons are on.
        network: the kernel without biases, (n_inputs, n) lists, and the readout, (n, outputs).
    """

    _esm = Path(__file__).with_name("network_drawing.js")
    _css = Path(__file__).with_name("network_drawing.css")

    neuron_mask = traitlets.List(traitlets.Bool()).tag(sync=True)
    network = traitlets.Dict().tag(sync=True)

    def show_network(self, network: NetworkArrays, neuron_mask: npt.ArrayLike) -> None:
        """Draws another network.

        Args:
            network: with one hidden layer and neuron masks.
            neuron_mask: (n,) which neurons are on.

        Raises:
            ValueError: the network is another, or the mask has the wrong length.
        """
        if network.hidden_layers != 1 or network.mask_kind != "neuron":
            kind = f"hidden_layers={network.hidden_layers}, mask_kind={network.mask_kind!r}"
            raise ValueError(f"network has {kind}; drawn are 1 and 'neuron' (limit: 1)")
        mask = check_one_mask(neuron_mask, network.n_mask_bits)
        with self.hold_sync():
            self.network = {
                "kernel": network.kernel[:-1].tolist(),
                "readout": network.readout.tolist(),
            }
            self.neuron_mask = mask.tolist()

    @property
    def mask(self) -> BoolArray:
        """The mask as a bool array (n,)."""
        return np.array(self.neuron_mask, dtype=bool)
