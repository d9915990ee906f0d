"""The benchmarks that `make bench` runs, by bench/run.py."""

CONDITION = "/conditions/spinal-compression-fractures/"
