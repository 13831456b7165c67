"""Walks over masks: what each single flip would cost, without asking for the whole cost anew.

`cost.walk(neuron_mask)` makes the walk that a cost knows best. Of a polynomial it holds a field of
each neuron, of a sum of small tables a place in each, of a network its outputs, of a table an
index; those of the first three are compiled. Any other cost is evaluated.
"""

from labkit.costs.walks.plain import EvaluatedWalk, IndexWalk
from labkit.costs.walks.walk import Flips, Rule, Steps, Tabu, Walk

__all__ = ["EvaluatedWalk", "Flips", "IndexWalk", "Rule", "Steps", "Tabu", "Walk"]
