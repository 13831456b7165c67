"""Random networks as Keras models; importing it loads TensorFlow."""
