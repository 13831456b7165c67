"""Wave functions over masks: layers, codes, training, and costs in a transverse field."""
