"""Where a page is found on the network: this machine's addresses there, and a QR code of each.

Left out on purpose: asking the network. A datagram socket that is only connected sends nothing, and tells which of this
machine's addresses it would be sent from.
"""

import io
import ipaddress
import socket

_BEYOND = ("192.0.2.1", "10.255.255.255", "192.168.255.255", "172.31.255.255")  # that some network would lead to


def addresses(host: str, port: int) -> list[str]:
    """Return the addresses at which others on the network find a page that listens at host; none on loopback."""
    if host not in ("0.0.0.0", "::", ""):
        return [] if _is_loopback(host) else [_address(host, port)]
    return [_address(found, port) for found in _own_addresses()]


def qr_svg(address: str) -> str:
    """Return a QR code of an address as SVG, dark on white, whatever the page's theme."""
    import segno

    file = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        file, kind="svg", border=3, xmldecl=False, svgns=True, light="#fff"
    )
    return file.getvalue().decode()


def qr_terminal(address: str) -> str:
    """Return a QR code of an address in lines of a terminal."""
    import segno

    file = io.StringIO()
    segno.make(address, error="l", micro=False).terminal(file, border=2, compact=True)
    return file.getvalue()


def _own_addresses() -> list[str]:
    found = []
    for beyond in _BEYOND:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((beyond, 9))
                found.append(probe.getsockname()[0])
            except OSError:  # no network leads there
                continue
    return [each for each in dict.fromkeys(found) if not _is_loopback(each) and each != "0.0.0.0"]


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
