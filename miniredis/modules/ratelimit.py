"""CL.THROTTLE: a rate limiter in one command, as the module redis-cell has it.

The generic cell rate algorithm keeps one time for each key, the theoretical arrival time: when a request would come
that neither falls behind nor runs ahead of the rate.  Each request moves it on by the interval between requests; a
request is refused when it would get further ahead of now than the burst allows.  The time is kept in microseconds as
a plain string that expires when it is over, so an idle key takes no memory.
"""

from __future__ import annotations

from typing import Final

from miniredis.commands.arguments import parse_int
from miniredis.commands.key_specs import CHANGE_KEY
from miniredis.commands.lookup import write_string
from miniredis.keyspace.effects import NOTIFY_STRING
from miniredis.modules.api import CommandGroup, Context, Module
from miniredis.resp.errors import ReplyError, error, not_an_integer
from miniredis.resp.numbers import parse_int64

throttling = CommandGroup("module")

SECOND_US: Final = 1_000_000
#: The greatest of each argument: a burst of them still ends within 64 bits.
MOST: Final = 1_000_000_000
#: Longest time for which a key may have to be kept, in microseconds: about 3,000 years.
LONGEST_US: Final = 100_000_000_000 * SECOND_US


def _bounded(argument: bytes, name: bytes, least: int) -> int:
    number = parse_int(argument)
    if not least <= number <= MOST:
        raise error(b"%s must be between %d and %d" % (name, least, MOST))
    return number


def _arrival_us(ctx: Context, key: bytes) -> int:
    """The time that is kept for the key; 0 when there is none."""
    value = write_string(ctx, key)
    if value is None:
        return 0
    number = parse_int64(bytes(value))
    if number is None:
        raise not_an_integer()
    return number


def _seconds_up(time_us: int) -> int:
    """Whole seconds, so that whoever waits for them has waited long enough."""
    return -(-time_us // SECOND_US)


@throttling.command(
    "CL.THROTTLE",
    arity=-5,
    flags="write denyoom fast",
    keys=CHANGE_KEY,
    summary="Counts a request against a rate, and tells whether it keeps to it.",
    syntax="key max-burst count-per-period period [quantity]",
    acl="ratelimit",
    tips="nondeterministic_output",
)
def throttle(ctx: Context, argv: list[bytes]) -> object:
    if len(argv) > 6:
        raise ReplyError(b"ERR wrong number of arguments for 'cl.throttle' command")
    limit = _bounded(argv[2], b"max_burst", 0) + 1
    count = _bounded(argv[3], b"count_per_period", 1)
    period_s = _bounded(argv[4], b"period", 1)
    quantity = _bounded(argv[5], b"quantity", 0) if len(argv) > 5 else 1
    interval_us = max(period_s * SECOND_US // count, 1)
    tolerance_us = interval_us * limit
    if tolerance_us > LONGEST_US:
        raise error(b"the burst takes longer than this server counts")
    key = argv[1]
    now_us = ctx.server.wall_us()
    known_us = max(_arrival_us(ctx, key), now_us)
    arrival_us = known_us + interval_us * quantity
    ahead_us = arrival_us - now_us
    if ahead_us > tolerance_us:
        never = interval_us * quantity > tolerance_us
        retry_s = -1 if never else _seconds_up(ahead_us - tolerance_us)
        # What is kept may come from another, larger limit.
        held_us = known_us - now_us
        left = max(tolerance_us - held_us, 0) // interval_us
        ctx.replay_nothing()
        return [1, limit, left, retry_s, _seconds_up(held_us)]
    if quantity and ahead_us > 0:
        text = b"%d" % arrival_us
        when_ms = -(-arrival_us // 1000)
        ctx.db.set_key(key, text)
        ctx.db.expire_at(key, when_ms)
        ctx.replay_as([b"SET", key, text, b"PXAT", b"%d" % when_ms])
        ctx.changed(NOTIFY_STRING, b"set", key)
    return [0, limit, (tolerance_us - ahead_us) // interval_us, -1, _seconds_up(ahead_us)]


module = Module("ratelimit", 1, groups=[throttling], categories=["ratelimit"])
