"""Whose request it is: names that the server has, its own pages, and proxies that it believes."""

import socket

import pytest

from playground.server.origins import Origins, hostname, network_of
from playground.server.refusal import Refusal

LOCAL, LAN = Origins("127.0.0.1"), Origins("0.0.0.0")
PROXIED = Origins("127.0.0.1", ["play.example.org"], ["127.0.0.1", "10.0.0.0/8"])
SPACE = Origins("0.0.0.0", space="me-play.hf.space")


def resolved(origins: Origins, client: str = "127.0.0.1", method: str = "GET", **headers: str) -> dict:
    pairs = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "scheme": "http", "client": (client, 5), "headers": pairs}
    return origins.resolved(scope)


def status(origins: Origins, client: str = "127.0.0.1", method: str = "GET", **headers: str) -> int | None:
    try:
        resolved(origins, client, method, **headers)
    except Refusal as refusal:
        return refusal.status
    return None


def told(scope: dict) -> dict:
    return {name.decode(): value.decode() for name, value in scope["headers"]}


def test_a_server_of_one_machine_answers_to_its_loopback_names_alone():
    for host in ("127.0.0.1:7860", "localhost", "LOCALHOST:1", "[::1]:7860", "localhost.", "127.0.0.2:80"):
        assert status(LOCAL, host=host) is None, host
    for host in ("evil.example", "127.0.0.1.evil.example", "192.168.1.5:7860", "localhost.evil", "", "[::1",
                 "a@localhost", "localhost/x", "localhost:x", "localhost:99999", "0x7f.1",
                 socket.gethostname() + ".evil"):  # fmt: skip
        assert status(LOCAL, host=host) == 421, host
    assert status(LOCAL) == 421  # no Host at all


def test_a_server_of_a_network_answers_to_any_number_and_to_its_own_name():
    own = socket.gethostname().lower()
    for host in ("192.168.1.5:7860", "10.0.0.1", "[fe80::1]:7860", "localhost:7860", f"{own}:7860", f"{own}.local"):
        assert status(LAN, host=host) is None, host
    for host in ("evil.example", "192.168.1.5.evil.example", "rebind.local"):
        assert status(LAN, host=host) == 421, host


def test_the_refusal_names_the_option():
    with pytest.raises(Refusal, match="can add '--allow-host evil.example'"):
        resolved(LOCAL, host="evil.example:7860")


def test_only_pages_of_the_very_host_may_ask():
    host = "192.168.1.5:7860"
    for method in ("GET", "POST"):
        assert status(LAN, method=method, host=host, origin=f"http://{host}") is None
        for origin in ("http://evil.example", "http://192.168.1.5:7861", "http://192.168.1.5", "null", "", "http://[",
                       "file://", f"ftp://{host}", f"http://{host}/", f"http://a@{host}"):  # fmt: skip
            expected = None if origin == f"http://{host}/" else 403
            assert status(LAN, method=method, host=host, origin=origin) == expected, origin


def test_what_a_stranger_tells_of_proxies_counts_for_nothing():
    for name in ("x-forwarded-host", "x_forwarded_host", "forwarded", "x-gradio-server"):
        headers = {"host": "127.0.0.1:7860", "origin": "http://evil.example", name: "evil.example"}
        assert status(LOCAL, **headers) == 403, name
    scope = resolved(LAN, "192.168.1.9", host="192.168.1.5", x_forwarded_host="evil.example", x_forwarded_proto="https",
                     x_forwarded_for="1.2.3.4", x_gradio_server="http://evil.example", x_real_ip="1.2.3.4",
                     forwarded="host=evil.example")  # fmt: skip
    assert (told(scope), scope["client"][0], scope["scheme"]) == ({"host": "192.168.1.5"}, "192.168.1.9", "http")


def test_a_configured_proxy_is_believed():
    headers = {"host": "127.0.0.1:7860", "x_forwarded_host": "play.example.org", "x_forwarded_proto": "https"}
    scope = resolved(
        PROXIED, **headers, x_forwarded_for="1.1.1.1, 6.6.6.6, 10.1.1.1", origin="https://play.example.org"
    )
    assert told(scope) == {"host": "play.example.org", "origin": "https://play.example.org"}
    assert (scope["scheme"], scope["client"][0]) == ("https", "6.6.6.6")  # what came before may be invented
    assert status(PROXIED, **headers, origin="http://play.example.org") == 403
    assert status(PROXIED, **{**headers, "x_forwarded_host": "evil.example"}, origin="https://evil.example") == 421
    assert status(PROXIED, "11.0.0.1", **headers, origin="https://play.example.org") == 403


def test_a_proxy_that_hands_the_host_on_needs_no_more():
    origins = Origins("127.0.0.1", ["play.example.org"])
    assert status(origins, host="play.example.org", origin="https://play.example.org") is None


def test_a_space_answers_to_its_own_name_and_is_framed_by_its_site():
    host = "me-play.hf.space"
    framed = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "iframe"}
    scope = resolved(SPACE, "10.1.1.1", host=host, x_forwarded_for="6.6.6.6", **framed)
    assert (scope["scheme"], scope["client"][0]) == ("https", "6.6.6.6")
    assert status(SPACE, "10.1.1.1", "POST", host=host, origin=f"https://{host}") is None
    assert status(SPACE, "10.1.1.1", "POST", host=host, origin="https://huggingface.co") == 403
    assert status(SPACE, "10.1.1.1", "POST", host=host, origin=f"http://{host}") == 403
    assert status(SPACE, "10.1.1.1", host="other.hf.space") == 421
    assert status(SPACE, "10.1.1.1", host="other.hf.space", x_forwarded_host=host) == 421


def test_another_website_may_open_the_page_and_read_nothing():
    for site in ("cross-site", "same-site"):
        headers = {"host": "localhost:7860", "sec_fetch_site": site}
        assert status(LOCAL, **headers, sec_fetch_mode="navigate") is None
        assert status(LOCAL, method="POST", **headers, sec_fetch_mode="navigate") == 403
        for mode in ("no-cors", "cors", "same-origin", "websocket", ""):
            assert status(LOCAL, **headers, sec_fetch_mode=mode) == 403, (site, mode)
    for site in ("same-origin", "none"):
        assert status(LOCAL, host="localhost", sec_fetch_site=site, sec_fetch_mode="cors") is None


def test_a_header_that_may_come_once_comes_once():
    pairs = [(b"host", b"localhost"), (b"host", b"evil.example")]
    with pytest.raises(Refusal) as refused:
        LOCAL.resolved({"type": "http", "method": "GET", "client": None, "headers": pairs})
    assert refused.value.status == 400


def test_names_and_networks_are_read():
    assert [hostname(text) for text in ("a:1", "[::1]:2", "A.b.", "a b", "a/b", "", ":80")] == [
        "a", "::1", "a.b", "a b", "", "", "",
    ]  # fmt: skip
    assert str(network_of("10.1.2.3/8")) == "10.0.0.0/8" and str(network_of("::1")) == "::1/128"
    for text in ("", "proxy", "10.0.0.0/99", "1.2.3"):
        with pytest.raises(ValueError, match="no address of a proxy"):
            network_of(text)
