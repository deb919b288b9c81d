"""Who may do what: the one place that decides who sees a run in a list, who reads its text and who changes it.

A run's id is 128 random bits that no stranger is told, so who has it (a link) may look at the run. To change it takes
its owner, or the host. An owner is known by a token that only their browser holds; here and on the disk there is its
hash. The host is who has typed the teacher's key; on a laptop everybody is. A run without an owner (the welcome run,
those of the command line) is for all to see and for the host to change.
Left out on purpose: how much one person may have (`limits.py`), and any word about it on the page.
"""

import hashlib
import hmac
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playground.server.origins import neighbourhood
from playground.server.profiles import LAPTOP, Profile
from playground.server.rates import Buckets

LONGEST_KEY = 200  # characters; more is no key, and is not looked at
TRIES, TRIES_OF_ALL, MINUTE = 6, 60, 60.0  # keys that an address, and all together, may try in so many seconds
MOST_HOSTS = 100  # browsers that are remembered as the host's


@dataclass(frozen=True)
class Person:
    """Who asks: the hash of an owner's token, None for who told no token; and whether it is the host."""

    owner: str | None = None
    is_host: bool = False

    def may_see(self, owner: str | None) -> bool:
        """Tell whether a run of an owner (None: nobody's) is in the lists that this person gets."""
        return self.is_host or owner is None or owner == self.owner

    def may_change(self, owner: str | None) -> bool:
        """Tell whether this person may change a run of an owner (None: nobody's), and read its text."""
        return self.is_host or (owner is not None and owner == self.owner)


HOST = Person(is_host=True)


class Rights:
    """Who is who on one server, under a profile; key: the teacher's, None: nobody can become the host.

    is_made: the key was made here, of 128 random bits. Nobody guesses it, so that tries need not be counted.
    """

    def __init__(self, profile: Profile = LAPTOP, key: str | None = None, clock: Callable[[], float] = time.monotonic,
                 is_made: bool = False):  # fmt: skip
        self.shared = profile.shared
        self.lock = threading.Lock()
        self._key = key and _digest(key)
        self._hosts: deque[str] = deque(maxlen=MOST_HOSTS)
        self._tries = Buckets(None if is_made else TRIES, MINUTE, clock)
        self._tries_of_all = Buckets(None if is_made else TRIES_OF_ALL, MINUTE, clock)

    @property
    def has_key(self) -> bool:
        """Tell whether somebody can become the host by typing a key."""
        return self.shared and self._key is not None

    def person(self, owner: str | None) -> Person:
        """Return who an owner is, given by its hash."""
        return Person(owner, not self.shared or (owner is not None and owner in self._hosts))

    def become_host(self, person: Person, key: Any, address: str = "") -> Person:
        """Let a person be the host from now on; ValueError for a wrong key, or after too many tries of their address.

        What was tried too often is refused whatever the key is, or trying would tell it. Who is the host already is
        not asked again, so that nobody can lock the teacher out.
        """
        if person.is_host:
            return person
        with self.lock:
            if self._tries.wait(neighbourhood(address)) or self._tries_of_all.wait(""):
                raise ValueError("Too many wrong keys were tried; wait a minute and type the key again")
            if not self._is_key(key) or person.owner is None:
                raise ValueError("This is not the teacher's key; type it as it stands where the server was started")
            self._hosts.append(person.owner)
        return self.person(person.owner)

    def leave(self, person: Person) -> Person:
        """Let a person be the host no longer."""
        with self.lock:
            while person.owner in self._hosts:
                self._hosts.remove(person.owner)
        return self.person(person.owner)

    def _is_key(self, key: Any) -> bool:
        if self._key is None or not isinstance(key, str) or len(key) > LONGEST_KEY:
            return False
        return hmac.compare_digest(_digest(key), self._key)


def _digest(key: str) -> bytes:
    """Return what stands for a key: of one length, whatever was typed."""
    return hashlib.sha256(key.strip().encode("utf-8", "replace")).digest()
