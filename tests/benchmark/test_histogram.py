"""Buckets are narrow enough, and percentiles are those of the times themselves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from miniredis.benchmark.histogram import Histogram, bucket_of, longest_of

times = st.integers(0, 10_000_000_000)


@given(time_us=times)
def test_a_bucket_is_under_a_percent_wide(time_us: int) -> None:
    bucket = bucket_of(time_us)
    longest = longest_of(bucket)
    assert time_us <= longest <= time_us * 1.008 + 1
    assert bucket_of(longest) == bucket
    assert bucket_of(longest + 1) == bucket + 1
    assert bucket < 5_000


@given(measured=st.lists(times, min_size=1, max_size=200), percent=st.sampled_from([0.0, 1.0, 50.0, 95.0, 99.9, 100.0]))
def test_percentiles_are_those_of_the_sorted_times(measured: list[int], percent: float) -> None:
    histogram = Histogram()
    for time_us in measured:
        histogram.record(time_us)
    rank = max(-(-len(measured) * percent // 100), 1)
    exact = sorted(measured)[int(rank) - 1]
    assert exact <= histogram.percentile_us(percent) <= exact * 1.008 + 1
    assert histogram.greatest_us == max(measured)
    assert histogram.least_us == min(measured)


@given(first=st.lists(times), second=st.lists(times))
def test_two_together_are_one_of_all(first: list[int], second: list[int]) -> None:
    parts = [Histogram(), Histogram()]
    for histogram, measured in zip(parts, (first, second), strict=True):
        for time_us in measured:
            histogram.record(time_us)
    whole = Histogram()
    for time_us in first + second:
        whole.record(time_us)
    parts[0].add(parts[1])
    assert vars(parts[0]) == vars(whole)


def test_nothing_recorded_is_nothing() -> None:
    histogram = Histogram()
    assert (histogram.percentile_us(99), histogram.mean_us()) == (0, 0.0)


def test_a_time_may_count_several_times() -> None:
    histogram = Histogram()
    histogram.record(10, 99)
    histogram.record(1000)
    assert histogram.total == 100
    assert histogram.mean_us() == 19.9
    assert histogram.percentile_us(99) == 10
