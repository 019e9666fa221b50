"""django-redis as Django's cache: values, times, counting, patterns and locks."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings

settings.configure(
    CACHES={
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": os.environ["URL"],
            "KEY_PREFIX": "site",
            "OPTIONS": {"COMPRESSOR": "django_redis.compressors.zlib.ZlibCompressor"},
        }
    }
)


def main() -> None:
    from django.core.cache import cache as configured

    cache: Any = configured
    cache.set("page", {"title": "x" * 1000, "seen": [1, 2.5, None]}, timeout=100)
    assert cache.get("page") == {"title": "x" * 1000, "seen": [1, 2.5, None]}
    assert 0 < cache.ttl("page") <= 100 and cache.persist("page") and cache.ttl("page") is None
    assert cache.add("page", 1) is False and cache.add("new", 1) is True
    assert cache.get_or_set("made", lambda: 5) == 5
    cache.set_many({f"many:{n}": n for n in range(50)})
    assert cache.get_many(["many:1", "many:49", "none"]) == {"many:1": 1, "many:49": 49}
    assert cache.incr("many:5", 10) == 15 and cache.decr("many:5") == 14
    cache.set("many:5", 3, nx=True)
    assert cache.get("many:5") == 14
    assert sorted(cache.iter_keys("many:4*"))[:2] == ["many:4", "many:40"]
    assert cache.delete_pattern("many:*") == 50
    with cache.lock("lock", timeout=5):
        assert not cache.lock("lock", timeout=5).acquire(blocking=False)
    assert cache.touch("page", 7) and cache.ttl("page") <= 7
    cache.clear()
    assert cache.get("page") is None
    print("all well")


if __name__ == "__main__":
    main()
