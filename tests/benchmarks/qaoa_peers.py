"""All engines that evaluate a QAOA objective beside ours."""

from __future__ import annotations

from benchmarks import qaoa_gates, qaoa_jax, qaoa_qokit, qaoa_tfq

PEERS = [qaoa_jax.PEER, qaoa_qokit.PEER, *qaoa_gates.PEERS, qaoa_tfq.PEER]
