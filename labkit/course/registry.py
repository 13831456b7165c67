"""The lessons of the course, in order: the one list that everything else is made from."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from types import ModuleType

from labkit.platforms import KERAS, Part


@dataclass(frozen=True)
class Lesson:
    """A notebook of the course.

    Attributes:
        file: its name without an ending, which begins with the lesson's number, as 07_ or 07a_.
        title: of the notebook, as the README shows it.
        minutes: that it takes.
        does: what one does in it.
        needs: the part without which most of what it shows is a record; None for most lessons.
    """

    file: str
    title: str
    minutes: int
    does: str
    needs: Part | None = None

    @property
    def number(self) -> str:
        """Two digits, and a letter where a lesson came between two."""
        return self.file.partition("_")[0]

    @property
    def notebook(self) -> str:
        """The name of its file in `notebooks/`."""
        return f"{self.file}.ipynb"

    def load(self) -> ModuleType:
        """Its module in `labkit.course.lessons`: what its records compute, and its checks."""
        return importlib.import_module(f"labkit.course.lessons.lesson_{self.file}")


#: The subject: from a random network to what quantum search buys.
PART_ONE = (
    Lesson("00_welcome", "Welcome", 40,
           "pick neurons by hand, then let Grover pick, all at once or a few at a time"),
    Lesson("01_random_networks", "Random networks", 30,
           "see what a mask does; hold the best subnetwork against a trained network", needs=KERAS),
    Lesson("02_every_mask", "Every mask", 30,
           "score all 2ⁿ masks; ties, neighbours, and how quality grows with n"),
    Lesson("03_masks_as_qubits", "Masks as qubits", 45,
           "what a qubit is: amplitudes, gates, interference, bit order, shots, entanglement"),
    Lesson("04_grover_search", "Grover's search", 40,
           "oracle, reflection, rotation, when to stop, an honest ledger"),
    Lesson("05_unknown_count", "Searching without a count", 45,
           "search without knowing how many masks are marked, nor how low the cost can go"),
    Lesson("06_computed_oracle", "The oracle that computes", 50,
           "run the network in superposition; what that costs in qubits and gates"),
    Lesson("07_qaoa", "QAOA", 55,
           "phase, mixer, the landscape of angles, ramps, CVaR, the honest bill"),
    Lesson("08_hamiltonian_without_a_table", "A Hamiltonian without a table", 45,
           "squared error as a two-local Hamiltonian; cut a spectrum, and see what is lost"),
    Lesson("08a_entanglement_and_locality", "Entanglement and locality", 40,
           "bits across a cut, what locality lowers and what it does not"),
    Lesson("09_training_angles", "Training angles", 45,
           "gradients in TensorFlow Quantum and Keras; take angles from small networks to larger "
           "ones"),
    Lesson("10_sparse_subnetworks", "Sparse subnetworks", 40,
           "keep a fixed number of neurons: Dicke states and mixers, against a penalty"),
    Lesson("11_nk_networks", "NK networks", 55,
           "locality in the architecture: quality against gates; dynamic programming; "
           "a thousand neurons"),
    Lesson("12_local_selection", "Local selection", 50,
           "a block of neurons at a time, step by step on the cost"),
    Lesson("13_scaling_up", "Scaling up", 50,
           "up to 100,000 neurons: where the claim comes true, by what law, and what it costs"),
    Lesson("14_fair_comparison", "A fair comparison", 45,
           "every search at equal budget; what quantum bought, and what it did not"),
    Lesson("14a_noise_and_hardware", "Noise and hardware", 55,
           "what errors leave, by form, order and block size; a virtual machine; the honest end"),
    Lesson("15_your_experiment", "Your experiment", 35,
           "your own question: hypothesis, plan, runs, result, conclusion, report"),
    Lesson("15a_prune_your_own_network", "Prune your own network", 30,
           "units of your own Keras model as neurons: search, magnitude, chance; a smaller model",
           needs=KERAS),
    Lesson("16_glossary_and_map", "Glossary and map", 20,
           "every term, the bit order in a picture, how labkit's modules meet"),
)  # fmt: skip
#: Its neighbours: related systems, each held against masks, costs, random networks and ledgers.
PART_TWO: tuple[Lesson, ...] = (
    Lesson("17_linear_systems", "Linear systems as a guide", 55,
           "HHL as circuit and formula; signs from counts; what guides a search, what it leaves"),
    Lesson("18_circuit_input_layer", "A circuit as input layer", 50,
           "a trained circuit before a Dense layer: rivals, local couplings, its gates as masks"),
    Lesson("19_wide_networks", "Wide networks as linear systems", 55,
           "the kernel of a wide network, solved by HHL or not at all; what is left to solve"),
    Lesson("20_residual_networks", "Residual random networks", 50,
           "solve the readout instead of searching, in stages too; then choose neurons under it"),
    Lesson("21_separation_capacity", "Separation capacity", 55,
           "how many random neurons separate two classes; the few that suffice, by Grover and by "
           "blocks"),
    Lesson("22_low_bit_weights", "Low-bit weights", 45,
           "weights of one bit or two: a mask for every selector, or a gradient that hardens"),
    Lesson("23_complex_neurons", "Complex neurons", 45,
           "complex weights beside their controls; random filters chosen under a solved read-out"),
    Lesson("24_adaptive_samplers", "Adaptive samplers", 45,
           "a bias that grows as the step shrinks; masks from a posterior; the clock that "
           "mends both"),
    Lesson("25_vector_quantised_monte_carlo", "Vector-quantised Monte Carlo", 40,
           "a wave function over masks: what its flips reuse, what few codes cost, annealing"),
    Lesson("26_chaotic_series", "Chaotic series", 30,
           "large kernels, random filters and rules on chaotic series; what a mask picks"),
    Lesson("27_ten_neighbours", "Ten neighbours", 25,
           "ten papers in one table: what was seen to hold, what not, and what selection bought"),
)  # fmt: skip
LESSONS = (*PART_ONE, *PART_TWO)
BY_NUMBER = {lesson.number: lesson for lesson in LESSONS}
