"""Whether a server can start as it was asked to; if not, it is refused in one sentence before anything is loaded."""

import errno
import os
import socket
from pathlib import Path

from core.runs.durable import make_folder
from playground.server.settings import Settings, port_of


def check_start(settings: Settings) -> None:
    """Refuse (ValueError) a folder of runs that cannot be one, and an address where nobody can listen.

    A folder that is full or can only be read is no reason not to start: its runs can be looked at.
    """
    check_folder(settings.runs)
    if settings.port is not None:
        check_address(settings.host, settings.port)
    elif first := os.environ.get("GRADIO_SERVER_PORT"):  # Gradio tries from there on
        port_of(first, "GRADIO_SERVER_PORT=")


def check_folder(path: Path) -> None:
    """Refuse what is no folder, and cannot be made or looked into."""
    try:
        if path.exists() and not path.is_dir():
            raise ValueError(f"{str(path)!r} is a file, and no folder to keep runs in; name another place with --runs")
        make_folder(path)
        next(path.iterdir(), None)
    except OSError as error:
        raise ValueError(
            f"Runs cannot be kept in {str(path)!r} ({error.strerror}); name another place with --runs"
        ) from None


def check_address(host: str, port: int) -> None:
    """Refuse an address at which this machine or this user cannot listen, or where another program does."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            if os.name != "nt":  # there it would let two listen
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except socket.gaierror:
        raise ValueError(f"{host!r} is no address of this machine; name one with --host") from None
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            raise ValueError(f"{host!r} is no address of this machine; name one with --host") from None
        if error.errno == errno.EADDRINUSE:
            raise ValueError(f"Port {port} is in use; end the program that uses it, or name another --port") from None
        raise ValueError(f"Nobody can listen at port {port} ({error.strerror}); name another --port") from None
