"""When memory is given back to the system: after much was freed, once, and when somebody asks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from miniredis.app.memory import EVERY_NS, Allocator, MemoryReturn

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


def test_without_glibc_nothing_happens() -> None:
    allocator = Allocator()
    allocator._trim = allocator._information = None
    assert allocator.free_bytes() == 0
    allocator.give_back()
