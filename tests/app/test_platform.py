"""Figures of the process."""

from __future__ import annotations

from collections.abc import Callable

from miniredis.app.platform import last_known, queued_reader, rss_reader


def readings(*found: int | OSError) -> Callable[[], int]:
    left = iter(found)

    def read() -> int:
        reading = next(left)
        if isinstance(reading, OSError):
            raise reading
        return reading

    return read


def test_a_figure_stands_still_while_no_file_can_be_opened() -> None:
    full = OSError(24, "Too many open files")
    read = last_known(readings(full, 5, full, full, 7))
    assert [read() for _ in range(5)] == [0, 5, 5, 5, 7]


def test_memory_and_time_without_a_processor_are_read() -> None:
    assert rss_reader()() > 1 << 20
    read = queued_reader()
    before = read()
    assert read() >= before >= 0
