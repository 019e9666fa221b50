"""A type of value of our own: how often numbers of which size came, in little memory, with percentiles.

    miniredis-server --loadmodule histogram

    HIST.ADD key number [number ...]     counts them; how many there are now
    HIST.PERCENTILE key percent          below which so many of them are, within a tenth; nil for no key

Numbers are counted by magnitude: each bucket is a tenth wider than the one before.
"""

import math

from miniredis.commands.key_specs import CHANGE_KEY, READ_KEY
from miniredis.modules.api import NOTIFY_MODULE, CommandGroup, Module, ModuleValue, read_value, write_value
from miniredis.resp.errors import error

STEP = math.log(1.1)
group = CommandGroup("module")


class Histogram(ModuleValue):
    """`counts`: bucket -> how many; bucket n ends at 1.1 ** n."""

    TYPE = "histogram"

    def __init__(self, counts):
        self.counts = counts

    def save(self, items):
        items.number(len(self.counts))
        for bucket in sorted(self.counts):
            items.number(bucket)
            items.number(self.counts[bucket])

    @classmethod
    def load(cls, items, encoding):
        return cls({items.number(): items.number() for _ in range(items.number())})

    def percentile(self, percent):
        wanted = sum(self.counts.values()) * percent / 100
        for bucket in sorted(self.counts):
            wanted -= self.counts[bucket]
            if wanted <= 0:
                break
        return math.exp(bucket * STEP)


def positive(argument):
    try:
        number = float(argument)
    except ValueError:
        number = 0.0
    if not 1 <= number < 1e300:
        raise error(b"a number of at least 1 is needed")
    return number


@group.command(
    "HIST.ADD", arity=-3, flags="write denyoom fast", keys=CHANGE_KEY, syntax="key number [number ...]",
    summary="Counts numbers by their magnitude.", since="1.0.0", complexity="O(N) with N numbers",
)  # fmt: skip
def hist_add(ctx, argv):
    buckets = [math.ceil(math.log(positive(argument)) / STEP) for argument in argv[2:]]
    histogram = write_value(ctx, argv[1], Histogram) or Histogram({})
    for bucket in buckets:
        histogram.counts[bucket] = histogram.counts.get(bucket, 0) + 1
    ctx.db.put(argv[1], histogram)
    ctx.changed(NOTIFY_MODULE, b"hist.add", argv[1])
    return sum(histogram.counts.values())


@group.command(
    "HIST.PERCENTILE", arity=3, flags="readonly fast", keys=READ_KEY, syntax="key percent",
    summary="Returns the number below which so many percent are.", since="1.0.0", complexity="O(1)",
)  # fmt: skip
def hist_percentile(ctx, argv):
    percent = positive(argv[2])
    histogram = read_value(ctx, argv[1], Histogram)
    return None if histogram is None else histogram.percentile(percent)


module = Module("histogram", 1, groups=[group], types=[Histogram])
