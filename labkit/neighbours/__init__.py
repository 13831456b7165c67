"""Part two's neighbours: formulas of related systems, one file a subject."""
