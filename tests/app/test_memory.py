"""When memory is given back to the system: after much was freed, once, and when somebody asks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from miniredis.app.memory import EVERY_NS, Allocator, MemoryReturn, code_ranges, let_go_of_code

MEGABYTE = 1 << 20


class Heap(Allocator):
    """An allocator of which the test says what it keeps."""

    def __init__(self) -> None:
        super().__init__()
        self.free = 0
        self.resident = 50 * MEGABYTE
        self.given = 0

    def free_bytes(self) -> int:
        return self.free

    def give_back(self) -> None:
        # As glibc does: what was given back counts as free all the same.
        self.given += 1
        self.resident = max(self.resident - self.free, 50 * MEGABYTE)


class World:
    def __init__(self) -> None:
        self.now_ns = 0
        self.heap = Heap()
        self.threads: list[Callable[[], None]] = []
        self.memory = MemoryReturn(self.heap, lambda: self.heap.resident, lambda: self.now_ns, self.threads.append)

    def pass_time(self) -> None:
        self.now_ns += EVERY_NS
        self.memory.look()
        while self.threads:
            self.threads.pop()()


@pytest.fixture
def world() -> World:
    return World()


def test_a_flushed_gigabyte_goes_back(world: World) -> None:
    world.heap.resident = 1000 * MEGABYTE
    world.pass_time()
    assert world.heap.given == 0, "it is in use"
    world.heap.free = 940 * MEGABYTE
    world.pass_time()
    assert world.heap.given == 1
    assert world.heap.resident == 60 * MEGABYTE


def test_what_was_given_back_is_not_given_again(world: World) -> None:
    world.heap.resident = 1000 * MEGABYTE
    world.heap.free = 940 * MEGABYTE
    for _ in range(5):
        world.pass_time()
    assert world.heap.given == 1
    world.heap.resident = 500 * MEGABYTE
    world.pass_time()
    assert world.heap.given == 2, "as much has come since"


def test_the_play_of_a_busy_server_stays(world: World) -> None:
    world.heap.resident = 1000 * MEGABYTE
    world.heap.free = 200 * MEGABYTE
    world.pass_time()
    assert world.heap.given == 0


def test_a_small_process_is_left_alone(world: World) -> None:
    world.heap.free = 40 * MEGABYTE
    world.pass_time()
    assert world.heap.given == 0


def test_it_looks_seldom(world: World) -> None:
    world.heap.resident = 1000 * MEGABYTE
    world.heap.free = 940 * MEGABYTE
    world.now_ns += EVERY_NS - 1
    world.memory.look()
    assert world.threads == []


def test_who_asks_is_not_refused(world: World) -> None:
    world.memory.purge()
    world.threads.pop()()
    assert world.heap.given == 1


def test_the_real_allocator_tells_and_gives() -> None:
    allocator = Allocator()
    assert allocator.free_bytes() >= 0
    allocator.give_back()


LARGE_VALUES = """
from resource import RUSAGE_SELF, getrusage
from miniredis.app.memory import Allocator
Allocator().keep_ready()
kept = [bytes(1 << 20) for _ in range(4)]
before = getrusage(RUSAGE_SELF).ru_minflt
for number in range(400):
    kept[number % 4] = b""
    kept[number % 4] = bytes(1 << 20)
print(getrusage(RUSAGE_SELF).ru_minflt - before)
"""


def test_what_large_values_leave_is_there_for_the_next_ones() -> None:
    printed = subprocess.run([sys.executable, "-c", LARGE_VALUES], check=True, capture_output=True, text=True).stdout
    assert int(printed) < 4 * 256, "pages that had to be asked for, of 102,400 that were used"


def test_without_glibc_nothing_happens() -> None:
    allocator = Allocator()
    allocator._trim = allocator._information = allocator._set = None
    allocator.keep_ready()
    assert allocator.free_bytes() == 0
    allocator.give_back()


MAPS = """\
5581e4000000-5581e4001000 r--p 00000000 08:01 1311 /usr/bin/python3.11
5581e4001000-5581e4003000 r-xp 00001000 08:01 1311 /usr/bin/python3.11
5581e4003000-5581e4004000 rw-p 00003000 08:01 1311 /usr/bin/python3.11
7f0000000000-7f0000001000 r-xp 00000000 00:00 0
7f0000002000-7f0000005000 rwxp 00000000 08:01 99 /tmp/made here
7f0000010000-7f0000014000 r-xp 00000000 08:01 99 /usr/lib/libc.so.6
7ffd00000000-7ffd00002000 r-xp 00000000 00:00 0                          [vdso]
"""


def test_only_code_of_files_that_nobody_can_write_to_is_let_go() -> None:
    assert list(code_ranges(MAPS)) == [(0x5581E4001000, 0x2000), (0x7F0000010000, 0x4000)]


def test_code_that_was_let_go_runs_on() -> None:
    let_go_of_code()
    assert sorted([3, 1, 2]) == [1, 2, 3]
