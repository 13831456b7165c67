"""The words of the course: the terms that notebook 16 shows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A word of the course, what it means, and its notebook ('': only labkit says it)."""

    name: str
    meaning: str
    notebook: str


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
        Term("NK network", "each output reads only K neurons, its neighbourhood", "11"),
        Term("neighbourhood", "the K neurons (n_inputs_per_output) that one output reads", "11"),
    ),
    "cost": (
        Term("cost", "what is minimised: cross_entropy, squared_error or error_rate", "02"),
        Term("CostTable", "the cost of each of the 2ⁿ masks", "02"),
        Term("tie, optimum", "masks of equal least cost are all optima", "02"),
        Term("local minimum", "a mask that no single flip improves", "02"),
        Term("regret", "the cost of what was found, less the least cost of all", "12"),
        Term("problem", "a task, a random network for it, and its cost table", "02"),
        Term("PauliZCost", "a cost as a polynomial in the signs z_j = 1 − 2 m_j", "08"),
        Term("order", "the largest number of neurons in one term of a cost", "08"),
        Term("field, coupling", "the coefficient of one Z, of a pair of Z, at order 2", "08"),
        Term("truncated", "without the terms above an order", "08"),
        Term("Hamiltonian", "a cost written as an operator on qubits", "08"),
        Term("spectrum", "the (Walsh-Hadamard) coefficients of that polynomial, by order", "08"),
        Term("LocalCost", "a cost as a sum of small tables", ""),
        Term("NetworkCost", "a cost that runs the subnetwork of each mask it is asked for", "13"),
    ),
    "register": (
        Term("qubit", "a bit that can be in a superposition of 0 and 1", "03"),
        Term("mask string", "character j = neuron j = qubit j, left to right", "03"),
        Term("mask index", "the string as a binary number: neuron 0 counts most", "02"),
        Term("amplitude", "what the state holds for each mask; squared, its probability", "03"),
        Term("shot", "one measurement: it gives one mask", "03"),
        Term("entangled", "of qubits that cannot be described one by one", "03"),
        Term("support", "the masks that have an amplitude, where n_active is fixed", ""),
        Term("Dicke state", "all masks of one n_active, in equal superposition", "10"),
    ),
    "search": (
        Term("marked", "of cost at most a threshold", "04"),
        Term("oracle", "the circuit that flips the sign of marked masks", "04"),
        Term("iteration", "one oracle call and one reflection about the start", "04"),
        Term("table oracle", "made from the table: every cost was paid before", "06"),
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
        Term("transfer", "angles trained on a small problem, used on a large one", "09"),
        Term("ring mixer", "exchanges neighbours, so that n_active stays", "10"),
        Term("penalty", "an added cost on masks with the wrong n_active", "10"),
    ),
    "locality": (
        Term("locality", "how few neurons interact: by network, by order, or by block", "11"),
        Term("light cone", "the neurons on which one term depends after p layers", "11"),
        Term("dynamic programming", "the exact optimum of a chain of local terms", "11"),
        Term("block_size", "how many neurons a local selector chooses at once", "12"),
        Term("scheme", "in which order blocks are chosen, and what they see", "12"),
    ),
    "book": (
        Term("selector", "searches a cost for a good mask, under run", "00"),
        Term("ledger", "what a selection cost: queries, calls, layers, shots, passes", "00"),
        Term("call", "one use of the cost: a query, an oracle call, a shot's cost layer", "00"),
        Term("cost query", "one mask whose cost was asked for", "00"),
        Term("forward pass", "one mask run over all training samples", "00"),
        Term("lab book", "one SQLite file of entries, which are never changed", "00"),
        Term("prediction", "a guess that is kept before the answer, and scored", "00"),
        Term("lit", "chosen in one explorer and shown in all that share the mask", "04"),
        Term("entry", "a question, what was run and what came", "15"),
        Term("sweep", "one function over many parameters and seeds; each pair is a point", "15"),
        Term("record", "the lab book of a sweep that a notebook loads", "01"),
        Term("standard error", "how far a mean is from the true one, typically: s / √n", "15"),
        Term("edge-popup", "trains a score for each weight and keeps the best scored", "14"),
    ),
}
