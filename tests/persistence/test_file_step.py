"""A step of work that waits for the disk: done once, by the thread or by whoever cannot wait for it."""

from __future__ import annotations

from threading import Event, Thread

from miniredis.persistence.file_step import FileStep


def test_what_follows_happens_once_and_knows_the_problem() -> None:
    done: list[object] = []

    def fail() -> None:
        done.append("work")
        raise OSError(28, "No space left on device")

    step = FileStep(fail, lambda problem: done.append(problem.errno if problem else None))
    step.complete()
    step.run()
    step.follow()
    assert done == ["work", 28]


def test_a_step_that_runs_is_waited_for() -> None:
    begun, may_end = Event(), Event()
    done: list[str] = []

    def work() -> None:
        begun.set()
        may_end.wait(10)
        done.append("work")

    step = FileStep(work, lambda problem: done.append("follow"))
    thread = Thread(target=step.run)
    thread.start()
    assert begun.wait(10)
    releaser = Thread(target=may_end.set)
    releaser.start()
    step.complete()
    assert done == ["work", "follow"]
    thread.join()
    releaser.join()
