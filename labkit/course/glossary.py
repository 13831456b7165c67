"""The words of the course: what each means, and the notebook that shows it first."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A word of the course, what it means, and its notebook ('': only labkit says it)."""

    name: str
    meaning: str
    notebook: str


#: The words of the course, by part.
GLOSSARY: dict[str, tuple[Term, ...]] = {
    "network": (
        Term("random network", "a network whose weights are drawn and never trained", "00"),
        Term("neuron mask", "one bit for each hidden neuron: 1 = the neuron stays", "00"),
        Term("subnetwork", "what a mask leaves of a network", "00"),
        Term("weight mask", "one bit for each input weight and bias instead", "01"),
        Term("pattern", "one way to mask the weights of one hidden unit", ""),
        Term("contribution", "what one hidden neuron adds to one output, for one sample", "01"),
        Term("standardised", "a neuron shifted and scaled to mean 0 and deviation 1", "01"),
        Term("scale", "the factor in front of a network's output", "01"),
        Term("n_active", "the number of neurons kept", "10"),
        Term("NK network", "each output reads only K neurons, its neighbourhood", "08a"),
        Term("neighbourhood", "the K neurons (n_inputs_per_output) that one output reads", "11"),
    ),
    "cost": (
        Term("cost", "what is minimised: cross_entropy, squared_error or error_rate", "00"),
        Term("CostTable, cost table", "the cost of each of the 2ⁿ masks", "00"),
        Term("tie, optimum", "masks of equal least cost are all optima", "02"),
        Term("local minimum", "a mask that no single flip improves", "02"),
        Term("regret", "the cost of what was found, less the least cost of all", "08"),
        Term("problem", "a task, a random network for it, and its cost table", "02"),
        Term("PauliZCost", "a cost as a polynomial in the signs z_j = 1 − 2 m_j", "08"),
        Term("order", "the largest number of neurons in one term of a cost", "08"),
        Term("field, coupling", "the coefficient of one Z, of a pair of Z, at order 2", "08"),
        Term("truncated", "without the terms above an order", "08"),
        Term("Hamiltonian", "a cost written as an operator on qubits", "08"),
        Term("spectrum", "the (Walsh-Hadamard) coefficients of that polynomial, by order", "08"),
        Term("LocalCost", "a cost as a sum of small tables", ""),
        Term("NetworkCost", "a cost that runs the subnetwork of each mask it is asked for", "13"),
        Term("FunctionCost", "a cost of one's own: a Python function of masks", ""),
        Term("names", "what the neurons of a cost stand for", ""),
    ),
    "register": (
        Term("qubit", "a bit that can be in a superposition of 0 and 1", "00"),
        Term("gate", "an operation on one or two qubits that changes amplitudes", "03"),
        Term("superposition", "a state with an amplitude on more than one mask", "03"),
        Term("phase", "the direction of an amplitude, an angle; no shot sees it", "03"),
        Term("interference", "amplitudes that add up, or cancel", "03"),
        Term("register", "the qubits together, one for each neuron", "03"),
        Term("basis", "the question a measurement asks; H before it asks another", "03"),
        Term("mask string", "character j = neuron j = qubit j, left to right", "00"),
        Term("mask index", "the string as a binary number: neuron 0 counts most", "02"),
        Term("amplitude", "what the state holds for each mask; squared, its probability", "00"),
        Term("shot", "one measurement: it gives one mask", "00"),
        Term("entangled", "of qubits that cannot be described one by one", "00"),
        Term("Schmidt values", "the weights of the products that a state is a sum of", "08a"),
        Term("entanglement entropy", "bits across a cut: 0 for a product of two states", "08a"),
        Term("support", "the masks that have an amplitude, where n_active is fixed", ""),
        Term("Dicke state", "all masks of one n_active, in equal superposition", "10"),
    ),
    "search": (
        Term("marked", "of cost at most a threshold", "00"),
        Term("oracle", "the circuit that flips the sign of marked masks", "00"),
        Term("one-flip search", "flips one neuron as long as that lowers the cost", "00"),
        Term("tabu", "of a neuron that is not to be flipped back for a while", "14"),
        Term("crossover", "a child has each neuron from one of two masks", "14"),
        Term("iteration", "one oracle call and one reflection about the start", "04"),
        Term("table oracle", "made from the table: every cost was paid before", "04"),
        Term("reach", "below it the number of iterations is drawn; it grows (BBHT)", "05"),
        Term("Dürr and Høyer", "the same with a falling threshold: finds the minimum", "05"),
        Term("computed oracle", "computes the votes in superposition, without a table", "06"),
        Term("vote", "a sample votes for a mask that classifies it correctly", ""),
    ),
    "QAOA": (
        Term("QAOA", "p layers of phase and mixer, then a measurement", "07"),
        Term("phase, γ", "turns each mask's phase by its cost times the angle γ", "07"),
        Term("mixer, β", "moves amplitude between masks by the angle β", "07"),
        Term("landscape", "the mean cost over the angles (γ, β)", "07"),
        Term("ramp", "angles that rise (γ) and fall (β) evenly, with nothing trained", "07"),
        Term("CVaR", "the mean of the best share of the shots", "07"),
        Term("transfer", "angles trained on a small problem, used on a large one", "07"),
        Term("ring mixer", "exchanges neighbours, so that n_active stays", "10"),
        Term("penalty", "an added cost on masks with the wrong n_active", "10"),
    ),
    "locality": (
        Term("locality", "how few neurons interact: by network, by order, or by block", "08a"),
        Term("light cone", "the neurons on which one term depends after p layers", "11"),
        Term("dynamic programming", "the exact optimum of a chain of local terms", "11"),
        Term("tree decomposition", "bags of neurons in a tree, each term within one bag", "14"),
        Term("tree elimination", "the exact optimum along a tree decomposition", "14"),
        Term("partition crossover", "of two local minima the better of each separate part", "14"),
        Term("block_size", "how many neurons a local selector chooses at once", "01"),
        Term("scheme", "in which order blocks are chosen, and what they see", "12"),
    ),
    "noise": (
        Term("error", "an unwanted operation after a gate, with some probability", "06"),
        Term("density matrix", "the chances of states, where we do not know which", "14a"),
        Term("depolarising", "noise that replaces a pair of qubits by chance", "14a"),
        Term("gain", "how far a mean cost lies below that of a random mask", "14a"),
        Term("fidelities", "the chances that gates do not err; their product misleads", "14a"),
        Term("extrapolation", "a mean without errors, from means at several times them", "14a"),
        Term("surface code", "many physical qubits that keep one right", "14a"),
    ),
    "neighbours": (
        Term("complex neuron", "one that adds up complex numbers and gives the modulus", "23"),
        Term("phase encoding", "an input x as the complex number e^{iπx/2}", "23"),
        Term("phase-only", "of weights that turn a phase and have size one", "23"),
    ),
    "book": (
        Term("selector", "searches a cost for a good mask, under run", "00"),
        Term("ledger", "what a selection cost: queries, calls, layers, shots, passes", "00"),
        Term("call", "one use of the cost: a query, an oracle call, a shot's cost layer", "00"),
        Term("cost query", "one mask whose cost was asked for", "00"),
        Term("forward pass", "one mask run over all training samples", "00"),
        Term("lab book", "one SQLite file of entries, which are never changed", "00"),
        Term("prediction", "a guess that is kept before the answer, and scored", "00"),
        Term("fold", "what answers a prediction, closed until a guess is kept", ""),
        Term("late", "of a guess that is kept after the answer was shown", ""),
        Term("lit", "chosen in one explorer and shown in all that share the mask", "00"),
        Term("entry", "a question, what was run and what came", "15"),
        Term("sweep", "one function over many parameters and seeds; each pair is a point", "15"),
        Term("record", "the lab book of a sweep that a notebook loads", "01"),
        Term("standard error", "how far a mean is from the true one, typically: s / √n", "04"),
        Term("edge-popup", "trains a score for each weight and keeps the best scored", "13"),
        Term("least squares", "real readout weights from one equation, no search", "13"),
        Term("random-feature model", "a fitted readout of random neurons that all stay", "13"),
    ),
}
