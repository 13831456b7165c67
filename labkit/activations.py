"""The old address of `labkit.networks`."""

# mypy: implicit-reexport
# ruff: noqa: F401

from labkit.networks import (
    MASK_KINDS,
    NEIGHBOURHOODS,
    ManyInputsArrays,
    NetworkArrays,
    NKArrays,
    OneLayerArrays,
    TwoLayerArrays,
    check_samples,
    draw_network,
    draw_nk_network,
    fold_subnetwork,
)
