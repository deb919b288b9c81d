"""Where a class finds the page: addresses of this machine, and their QR codes."""

import socket

from playground.server import addresses as found
from playground.server.addresses import addresses, guest_addresses, qr_svg, qr_terminal


def test_a_page_for_this_machine_alone_has_no_address_on_the_network():
    assert addresses("127.0.0.1", 7860) == addresses("localhost", 7860) == addresses("::1", 7860) == []


def test_a_page_that_listens_everywhere_is_found_at_each_address_of_the_machine(monkeypatch):
    monkeypatch.setattr(
        found, "_own_addresses", lambda host: ["192.0.2.7", "10.0.0.7"] if host == "0.0.0.0" else ["fd00::7"]
    )
    assert addresses("0.0.0.0", 7860) == ["http://192.0.2.7:7860/", "http://10.0.0.7:7860/"]
    assert addresses("::", 7860) == ["http://[fd00::7]:7860/"]
    assert addresses("192.0.2.7", 80) == ["http://192.0.2.7:80/"]
    assert addresses("fd00::7", 80) == ["http://[fd00::7]:80/"]


def test_loopback_and_what_no_network_leads_to_are_no_addresses(monkeypatch):
    class Probe(socket.socket):
        def connect(self, _: object) -> None:
            raise OSError("no network")

    monkeypatch.setattr(found.socket, "socket", Probe)
    assert addresses("0.0.0.0", 7860) == addresses("::", 7860) == []


def test_only_addresses_that_lead_here_from_another_machine_are_told(monkeypatch):
    told = iter(["127.0.0.1", "0.0.0.0", "192.0.2.7", "192.0.2.7", "fe80::7", "fd00::7"])

    class Probe(socket.socket):
        def connect(self, _: object) -> None:
            """Go nowhere."""

        def getsockname(self) -> tuple:
            return next(told), 9

    monkeypatch.setattr(found.socket, "socket", Probe)
    assert addresses("0.0.0.0", 7860) == ["http://192.0.2.7:7860/"]
    assert addresses("::", 7860) == ["http://[fd00::7]:7860/"]


def test_a_page_behind_a_proxy_is_found_where_the_one_who_asks_has_found_it(monkeypatch):
    monkeypatch.setattr(found, "_own_addresses", lambda _: [])
    assert guest_addresses("127.0.0.1", 7860, "https://class.example.org/") == ["https://class.example.org/"]
    for opened_at in ("http://127.0.0.1:7860/", "http://localhost/", "http://[::1]:7860/", "http:///"):
        assert guest_addresses("127.0.0.1", 7860, opened_at) == [], opened_at
    assert guest_addresses("0.0.0.0", 7860, "http://elsewhere.example/") == []  # no network, and no proxy of ours


def test_a_qr_code_is_drawn_for_page_and_terminal():
    svg, lines = qr_svg("http://192.0.2.7:7860/"), qr_terminal("http://192.0.2.7:7860/").splitlines()
    assert 'fill="#fff"' in svg and "M4 4.5" in svg  # white, and four modules of it around what is dark
    assert svg.startswith("<svg") and "<script" not in svg and len(lines) > 10
