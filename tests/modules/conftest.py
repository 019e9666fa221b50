"""What modules add to the whole process is taken back: other tests count the categories of commands."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from miniredis.commands.declaration import CATEGORIES


@pytest.fixture(autouse=True)
def usual_categories() -> Iterator[None]:
    before = list(CATEGORIES)
    yield
    CATEGORIES[:] = before
