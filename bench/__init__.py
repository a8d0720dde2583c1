"""Benchmarks: what the README claims about speed, measured against the obvious alternative in the same run."""
