from __future__ import annotations

import pytest

from miniredis.datatypes.value import Value


def test_a_value_type_must_answer_for_itself() -> None:
    value = Value()
    for question in (value.type_name, value.encoding, value.size, value.copy, value.memory):
        with pytest.raises(AssertionError):
            question()
