"""How many examples are generated: a sample in `make test`, and all in `make soak`, which sets SOAK."""

import os

from hypothesis import HealthCheck, settings

SOAK = "SOAK" in os.environ


def many(examples: int, *, sample: int = 50) -> settings:
    """So many examples, the same in each run, so that a red run can be run again."""
    return settings(
        max_examples=examples if SOAK else min(examples, sample),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
