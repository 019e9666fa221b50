"""Who is logged in to the console.

    nobody --AUTH succeeds--> logged in --logout, 12 hours without a request, the server's end--> nobody

A login is known by a random cookie that scripts cannot read and other sites cannot make a browser send.  Its
password stays in memory, as in any client, because each connection of the page authenticates with it: what ACL
changes, or a new requirepass, holds at once.  Nothing of it is written anywhere.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from typing import Final

IDLE_S: Final = 12 * 3600
#: Logins kept at most; the one that rested longest makes room.
MOST_LOGINS: Final = 256
#: Failures of one address within a minute, after which it has to wait.
MOST_FAILURES: Final = 10
FAILURE_WINDOW_S: Final = 60
MOST_ADDRESSES: Final = 1024


class Login:
    """One browser and its user. `token` proves that a request comes from our own page."""

    def __init__(self, user: str, password: str | None, now_s: float) -> None:
        self.user = user
        #: None: the default user, who needs none.
        self.password = password
        self.cookie = secrets.token_urlsafe(32)
        self.token = secrets.token_urlsafe(32)
        self.seen_s = now_s
        #: Called when the login ends.
        self.on_end: list[Callable[[], None]] = []

    def has_token(self, given: str) -> bool:
        return hmac.compare_digest(self.token.encode(), given.encode("utf-8", "replace"))


class Logins:
    """All of one console."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._by_cookie: dict[str, Login] = {}
        self._failures: dict[str, list[float]] = {}

    def begin(self, user: str, password: str | None) -> Login:
        """A login; that the password is right has been found out before."""
        now_s = self._now_s()
        for old in [each for each in self._by_cookie.values() if now_s - each.seen_s > IDLE_S]:
            self.end(old)
        while len(self._by_cookie) >= MOST_LOGINS:
            self.end(min(self._by_cookie.values(), key=lambda each: each.seen_s))
        login = Login(user, password, now_s)
        self._by_cookie[login.cookie] = login
        return login

    def find(self, cookie: str) -> Login | None:
        """Whose cookie this is, if anybody's."""
        login = self._by_cookie.get(cookie)
        if login is None:
            return None
        now_s = self._now_s()
        if now_s - login.seen_s > IDLE_S:
            self.end(login)
            return None
        login.seen_s = now_s
        return login

    def end(self, login: Login) -> None:
        self._by_cookie.pop(login.cookie, None)
        login.password = None
        for call in list(login.on_end):
            call()

    def end_all(self) -> None:
        for login in list(self._by_cookie.values()):
            self.end(login)

    def __len__(self) -> int:
        return len(self._by_cookie)

    # -- guessing passwords takes time

    def must_wait(self, address: str) -> bool:
        """Whether too many logins from there have failed of late."""
        now_s = self._now_s()
        recent = [when_s for when_s in self._failures.get(address, []) if now_s - when_s < FAILURE_WINDOW_S]
        if recent:
            self._failures[address] = recent
        else:
            self._failures.pop(address, None)
        return len(recent) >= MOST_FAILURES

    def note_failure(self, address: str) -> None:
        while len(self._failures) >= MOST_ADDRESSES:
            del self._failures[next(iter(self._failures))]
        self._failures.setdefault(address, []).append(self._now_s())
