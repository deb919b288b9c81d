"""Where a page is found on the network: this machine's addresses there, and a QR code of each.

Left out on purpose: asking the network. A datagram socket that is only connected sends nothing, and tells which of this
machine's addresses it would be sent from.
"""

import io
import ipaddress
import socket
from functools import lru_cache
from urllib.parse import urlsplit

from playground.server.origins import is_loopback

# What to listen at to be found by every address of a kind, and some that a network of that kind would lead to.
_BEYOND = {
    "0.0.0.0": (socket.AF_INET, ("192.0.2.1", "10.255.255.255", "192.168.255.255", "172.31.255.255")),
    "::": (socket.AF_INET6, ("2001:db8::1", "fd00::1")),
}


def addresses(host: str, port: int) -> list[str]:
    """Return the addresses at which others on the network find a page that listens at host; none on loopback."""
    if host not in _BEYOND:
        return [] if is_loopback(host) else [_address(host, port)]
    return [_address(found, port) for found in _own_addresses(host)]


def guest_addresses(host: str, port: int, opened_at: str) -> list[str]:
    """Return where a guest finds the page: its own addresses, or, of one that stands behind a proxy, the proxy's.

    opened_at: the address by which the one who asks has come; the guard has looked at it.
    """
    found = addresses(host, port)
    if found or not is_loopback(host):
        return found
    name = urlsplit(opened_at).hostname
    return [opened_at] if name and not is_loopback(name) else []


@lru_cache(64)
def qr_svg(address: str) -> str:
    """Return a QR code of an address as SVG, dark on white, whatever the page's theme."""
    import segno

    file = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        file, kind="svg", border=4, xmldecl=False, svgns=True, light="#fff"
    )
    return file.getvalue().decode()


def qr_terminal(address: str) -> str:
    """Return a QR code of an address in lines of a terminal."""
    import segno

    file = io.StringIO()
    segno.make(address, error="l", micro=False).terminal(file, border=2, compact=True)
    return file.getvalue()


def _own_addresses(host: str) -> list[str]:
    found, (kind, beyond) = [], _BEYOND[host]
    for each in beyond:
        try:
            with socket.socket(kind, socket.SOCK_DGRAM) as probe:
                probe.connect((each, 9))
                found.append(probe.getsockname()[0])
        except OSError:  # no network leads there
            continue
    return [each for each in dict.fromkeys(found) if _is_for_guests(ipaddress.ip_address(each))]


def _is_for_guests(number: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Tell whether an address leads here from another machine as it stands; a link-local one of IPv6 does not."""
    return not (number.is_loopback or number.is_unspecified or (number.version == 6 and number.is_link_local))


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
