"""Where a class finds the page: addresses of this machine, and their QR codes."""

import socket

from playground.server import addresses as found
from playground.server.addresses import addresses, qr_svg, qr_terminal


def test_a_page_for_this_machine_alone_has_no_address_on_the_network():
    assert addresses("127.0.0.1", 7860) == addresses("localhost", 7860) == addresses("::1", 7860) == []


def test_a_page_that_listens_everywhere_is_found_at_each_address_of_the_machine(monkeypatch):
    monkeypatch.setattr(found, "_own_addresses", lambda: ["192.0.2.7", "10.0.0.7"])
    assert addresses("0.0.0.0", 7860) == ["http://192.0.2.7:7860/", "http://10.0.0.7:7860/"]
    assert addresses("192.0.2.7", 80) == ["http://192.0.2.7:80/"]
    assert addresses("fd00::7", 80) == ["http://[fd00::7]:80/"]


def test_loopback_and_what_no_network_leads_to_are_no_addresses(monkeypatch):
    class Probe(socket.socket):
        def connect(self, _: object) -> None:
            raise OSError("no network")

    monkeypatch.setattr(found.socket, "socket", Probe)
    assert addresses("0.0.0.0", 7860) == []


def test_a_qr_code_is_drawn_for_page_and_terminal():
    svg, lines = qr_svg("http://192.0.2.7:7860/"), qr_terminal("http://192.0.2.7:7860/").splitlines()
    assert svg.startswith("<svg") and "<script" not in svg and len(lines) > 10
