"""Benchmarks of labkit's engines against their peers: `make bench`; `make test` leaves them out."""
