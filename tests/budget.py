"""How many examples a property test runs: what it asks for, and many times that in `make long`."""

from __future__ import annotations

import os

#: What a soak multiplies with.
SOAK_FACTOR = 50


def examples(usual: int) -> int:
    """For `settings(max_examples=...)`."""
    return usual * SOAK_FACTOR if os.environ.get("MINIREDIS_SOAK") else usual
