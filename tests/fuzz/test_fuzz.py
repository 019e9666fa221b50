"""The short form of `make fuzz`: kept cases, seeds and some mutations of each target, the same ones every time."""

from __future__ import annotations

import contextlib
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples
from fuzz.all_targets import TARGETS
from fuzz.loop import Failed, Target, check, inputs, run_count
from fuzz.values import REGISTRY, RESTORE, sealed, version_for
from miniredis.formats.dump import payload_version, restore_value
from miniredis.formats.errors import FormatError

#: Inputs of the targets that are slower than others.
FEWER = {"restore": 100, "rdb": 100, "calls": 100, "acl": 150, "config": 150, "lua": 150}
#: What a payload may take beside a multiple of its own size.
BASE_BYTES = 200_000
BYTES_A_BYTE = 200


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_of_the_short_run_fails(name: str, count: Callable[[str, int], None]) -> None:
    count("inputs", run_count(TARGETS[name], examples(FEWER.get(name, 300))))


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=examples(25))
@given(data=st.data())
def test_hypothesis_finds_no_input_that_fails(name: str, data: st.DataObject) -> None:
    target = TARGETS[name]
    seed = data.draw(st.sampled_from(target.seeds))
    at = data.draw(st.integers(0, len(seed)))
    end = data.draw(st.integers(at, min(len(seed), at + 8)))
    between = data.draw(st.one_of(st.binary(max_size=12), st.sampled_from(target.words)))
    check(target, seed[:at] + between + seed[end:])


def test_a_payload_takes_no_more_memory_than_its_bytes_explain() -> None:
    tracemalloc.start()
    try:
        for number, body in enumerate(inputs(RESTORE, 1)):
            if number == examples(150):
                break
            payload = sealed(body, version_for(body))
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            with contextlib.suppress(FormatError):
                restore_value(REGISTRY, payload, payload_version(payload, REGISTRY))
            peak = tracemalloc.get_traced_memory()[1] - before
            assert peak < BASE_BYTES + BYTES_A_BYTE * len(payload), (peak, body)
    finally:
        tracemalloc.stop()


def test_a_failure_is_kept_as_a_case(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setattr("fuzz.loop.CASES", tmp_path)

    def refuse(data: bytes) -> None:
        if b"bad" in data:
            raise ValueError("bad")

    target = Target("sample", refuse, [b"good"], [b"bad"])
    with pytest.raises(Failed, match="bad"):
        run_count(target, 1000)
    assert [b"bad" in case for case in target.cases()] == [True]
