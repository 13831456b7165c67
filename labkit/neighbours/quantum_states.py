"""Part two's name for `labkit.wave_functions`, which selectors use too."""

from labkit.wave_functions.quantum_states import MIXINGS as MIXINGS
from labkit.wave_functions.quantum_states import QuantumState as QuantumState
from labkit.wave_functions.quantum_states import Training as Training
from labkit.wave_functions.quantum_states import Work as Work
from labkit.wave_functions.quantum_states import ground_state as ground_state
from labkit.wave_functions.quantum_states import local_energies as local_energies
from labkit.wave_functions.quantum_states import reconfigure as reconfigure
from labkit.wave_functions.quantum_states import sweep_masks as sweep_masks
from labkit.wave_functions.quantum_states import train_state as train_state
from labkit.wave_functions.transverse_field import ising_ring_energy as ising_ring_energy
