"""The three ways to serve the page, and every limit that depends on the way: one table.

A laptop is one person's, and generous. A classroom is one network, often behind one address: limits are for each person
and never for an address. Public is a Space that strangers and scripts poke: strict, and counted by address too.
Left out on purpose: what no profile changes. Such limits stand where they are held (`guard.py`, `core/options.py`).
"""

from dataclasses import dataclass

KB, MB, GB = 2**10, 2**20, 2**30
MINUTE, DAY = 60.0, 86_400.0


@dataclass(frozen=True)
class Profile:
    """Who is served, and what one person, one address and all together may take. None: no limit."""

    name: str
    host: str  # the address to listen at, unless the command line names another
    shared: bool  # several people: each sees and changes their own runs; what is nobody's, only the host changes
    # -- runs
    active_runs: int | None  # of one person, queued or training at once
    kept_runs: int | None  # of one person, in any state
    all_active_runs: int  # of everybody
    parameters: int | None  # of one model
    step_seconds: float | None  # that one step may be predicted to take
    kept_bytes: int | None  # on the disk, of all runs of one person as predicted
    memory_share: float | None  # of the memory, that the active runs of one person may need together
    abandoned_seconds: float | None  # without a viewer, after which a run is paused
    kept_seconds: float | None  # that a finished run is kept
    free_bytes: int | None  # on the disk, below which the oldest finished runs are deleted
    characters: int  # of an own text
    # -- requests
    short_body: int  # bytes of a call
    long_body: int  # bytes of a call that carries an own text or a prompt
    bodies: int  # bytes of all requests that are arriving at once
    upload: int  # bytes of one uploaded file, and of one request
    uploads_an_hour: int | None  # bytes of one address: an upload does not say whose it is; a class may share one
    calls_a_minute: int | None  # of one person
    calls_a_minute_of_address: int | None
    # -- connections
    connections: int
    connections_of_address: int | None
    header_seconds: float  # in which the head of a request has to be there
    body_seconds: float  # in which each further 64 kB of a body have to be there
    # -- pages
    sessions: int  # open pages that are remembered
    session_seconds: float  # that a page is remembered after it was closed


LAPTOP = Profile(
    name="laptop", host="127.0.0.1", shared=False,
    active_runs=None, kept_runs=None, all_active_runs=256, parameters=None, characters=5_000_000,
    step_seconds=None, kept_bytes=None, memory_share=None, abandoned_seconds=None, kept_seconds=None, free_bytes=None,
    short_body=64 * KB, long_body=48 * MB, bodies=128 * MB, upload=48 * MB, uploads_an_hour=None,
    calls_a_minute=None, calls_a_minute_of_address=None,
    connections=900, connections_of_address=None, header_seconds=10.0, body_seconds=10.0,
    sessions=400, session_seconds=60.0,
)  # fmt: skip
CLASSROOM = Profile(
    name="classroom", host="0.0.0.0", shared=True,
    active_runs=4, kept_runs=60, all_active_runs=200, parameters=200_000_000, characters=5_000_000,
    step_seconds=2.0, kept_bytes=8 * GB, memory_share=0.5,
    abandoned_seconds=60 * MINUTE, kept_seconds=30 * DAY, free_bytes=2 * GB,
    short_body=64 * KB, long_body=48 * MB, bodies=128 * MB, upload=48 * MB, uploads_an_hour=1_500 * MB,
    calls_a_minute=600, calls_a_minute_of_address=None,
    connections=3_000, connections_of_address=None, header_seconds=10.0, body_seconds=10.0,
    sessions=600, session_seconds=60.0,
)  # fmt: skip
PUBLIC = Profile(
    name="public", host="0.0.0.0", shared=True,
    active_runs=2, kept_runs=12, all_active_runs=100, parameters=30_000_000, characters=1_000_000,
    step_seconds=2.0, kept_bytes=2 * GB, memory_share=0.25,
    abandoned_seconds=15 * MINUTE, kept_seconds=7 * DAY, free_bytes=2 * GB,
    short_body=64 * KB, long_body=8 * MB, bodies=64 * MB, upload=8 * MB, uploads_an_hour=40 * MB,
    calls_a_minute=300, calls_a_minute_of_address=3_000,
    connections=3_000, connections_of_address=600, header_seconds=5.0, body_seconds=5.0,
    sessions=600, session_seconds=30.0,
)  # fmt: skip
PROFILES = {profile.name: profile for profile in (LAPTOP, CLASSROOM, PUBLIC)}
