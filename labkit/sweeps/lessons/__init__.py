"""What the notebooks' recorded results are computed by, a module for each subject."""
