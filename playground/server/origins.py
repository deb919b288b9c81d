"""Whose request it is: the host that it names, the website that sends it, and the address that it comes from.

Another website can make a visitor's browser ask this server, or make its own name point here (rebinding), and read what
comes back. So only the names that this server is known by are answered, and only pages of that very name may ask. What
a proxy tells in X-Forwarded-* anybody can tell: it is believed from the proxies that the settings name, and taken off
the request, because Gradio believes it.
"""

import ipaddress
import os
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.types import Scope

from playground.server.refusal import Refusal

LOOPBACK = ("localhost", "127.0.0.1", "::1")
ONCE = ("host", "origin", "content-length", "content-type", "transfer-encoding")  # headers that come at most once
FORWARDED = (b"x-forwarded-", b"forwarded", b"x-real-ip", b"x-gradio-", b"x-original-")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Origins:
    """The names that the server is known by, and the proxies that it believes."""

    def __init__(self, listens: str, allowed: Iterable[str] = (), proxies: Iterable[str] = (), space: str = ""):
        self.is_local = is_loopback(listens)
        self.space = space.lower()
        own = socket.gethostname().lower()
        names = (*LOOPBACK, *allowed, *([] if self.is_local else [own, f"{own}.local"]), self.space)
        self.names = {name.strip().strip("[]").lower().rstrip(".") for name in names if name.strip()}
        self.proxies = [network_of(proxy) for proxy in proxies]

    def resolved(self, scope: Scope) -> Scope:
        """Return a request with the host, scheme and address of the one who asks, without what it claims in headers.

        Refusal for a host that is not this server's, and for what another website sends.
        """
        headers = headers_of(scope)
        host, scheme, address = self._told(scope, headers)
        name = hostname(host)[:60]
        if not name:
            raise Refusal(
                421, "This server answers to its name alone, and the request gives none; open the page by its address"
            )
        if not self.knows(hostname(host)):
            raise Refusal(421, f"This server is not known as {name}; whoever runs it can add '--allow-host {name}'")
        self._check_sender(scope, headers, host, scheme)
        kept = [(name, value) for name, value in scope["headers"] if name != b"host" and not name.startswith(FORWARDED)]
        port = scope["client"][1] if scope.get("client") else 0
        plain = {"http": scope.get("scheme", "http"), "https": "https"}[scheme or "http"]
        return {
            **scope, "headers": [(b"host", host.encode("latin-1")), *kept], "scheme": plain, "client": (address, port)
        }  # fmt: skip

    def knows(self, name: str) -> bool:
        """Tell whether this server may be called by a name; by any number, unless it listens to this machine alone."""
        if name in self.names:
            return True
        number = number_of(name)
        return number is not None and (number.is_loopback or not self.is_local)

    def _told(self, scope: Scope, headers: dict[str, str]) -> tuple[str, str | None, str]:
        """Return host, scheme and address; the scheme None where no proxy tells it."""
        peer = (scope.get("client") or ("", 0))[0]
        host, scheme = headers.get("host", ""), None
        if self.space:  # nothing but the Space's own proxy reaches it; whom it names last is whom it talks to
            scheme = "https" if hostname(host) == self.space else None
            return host, scheme, _last(headers, "x-forwarded-for") or peer
        if not self.believes(peer):
            return host, scheme, peer
        host = _last(headers, "x-forwarded-host") or host
        scheme = _last(headers, "x-forwarded-proto").lower()
        hops = [each.strip() for each in headers.get("x-forwarded-for", "").split(",") if each.strip()]
        address = next((hop for hop in reversed(hops) if not self.believes(hop)), hops[0] if hops else peer)
        return host, scheme if scheme in ("http", "https") else None, address[:64]

    def believes(self, address: str) -> bool:
        """Tell whether an address is that of a configured proxy."""
        number = number_of(address)
        return number is not None and any(number in network for network in self.proxies)

    def is_proxy(self, address: str) -> bool:
        """Tell whether an address is that of a proxy, from which the connections of many people come."""
        return bool(self.space) or self.believes(address)

    def _check_sender(self, scope: Scope, headers: dict[str, str], host: str, scheme: str | None) -> None:
        elsewhere = False
        if "origin" in headers:
            try:
                told = urlsplit(headers["origin"])
                same = told.scheme in ("http", "https") and told.netloc.lower() == host.lower() != ""
                elsewhere = not same or (scheme is not None and told.scheme != scheme)
            except ValueError:
                elsewhere = True
        if headers.get("sec-fetch-site") in ("cross-site", "same-site"):
            opens = scope["method"] in ("GET", "HEAD") and headers.get("sec-fetch-mode") == "navigate"
            elsewhere = elsewhere or not opens  # a link to the page, or the frame that it is shown in
        if elsewhere and self._is_unnamed(scope, headers, host):
            raise Refusal(
                403,
                "This page takes requests only from itself; where a proxy stands before it, set "
                "'proxy_set_header Host $http_host' there, as docs/serving.md says",
            )
        if elsewhere:
            raise Refusal(403, "This page takes requests only from itself")

    def _is_unnamed(self, scope: Scope, headers: dict[str, str], host: str) -> bool:
        """Tell whether a proxy has probably put the server's own address in the place of the page's name.

        What a browser says to come from another website is just that.
        """
        if headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return False
        return is_loopback(hostname(host)) or self.believes((scope.get("client") or ("",))[0])


def headers_of(scope: Scope) -> dict[str, str]:
    """Return a request's headers; Refusal when one comes twice that may come once."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        name, value = name.decode("latin-1").lower(), value.decode("latin-1")
        if name in found and name in ONCE:
            raise Refusal(400, f"The request has two headers {name}; send one")
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def hostname(host: str) -> str:
    """Return the name in a Host header, without its port; empty for one that is none."""
    try:
        parts = urlsplit(f"//{host}")
        name, _ = parts.hostname, parts.port
    except ValueError:
        return ""
    return "" if name is None or parts.netloc != host or "@" in host else name.rstrip(".")


def number_of(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return an address that is written in numbers; None for a name. An IPv4 address within IPv6 is the former."""
    try:
        number = ipaddress.ip_address(name)
    except ValueError:
        return None
    return getattr(number, "ipv4_mapped", None) or number


def neighbourhood(address: str) -> str:
    """Return whose doings are counted together: an address; of IPv6, the network that one customer is given."""
    try:
        number = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((int(number), 64), strict=False)) if number.version == 6 else str(number)


def network_of(text: str) -> Network:
    """Return the network that an address or a network such as 10.0.0.0/8 names; ValueError for anything else."""
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise ValueError(
            f"{text!r} is no address of a proxy; give one such as 127.0.0.1, or a network such as 10.0.0.0/8"
        ) from None


def is_loopback(host: str) -> bool:
    """Tell whether a server that listens at an address is reached from this machine alone."""
    number = number_of(host.strip("[]"))
    return host.lower() == "localhost" if number is None else number.is_loopback


def space_host(environment: dict | None = None) -> str:
    """Return the public name of the Hugging Face Space that this runs as; empty where it runs elsewhere."""
    return (os.environ if environment is None else environment).get("SPACE_HOST", "")


def _last(headers: dict[str, str], name: str) -> str:
    return headers.get(name, "").split(",")[-1].strip()
