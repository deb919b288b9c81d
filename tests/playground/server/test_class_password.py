"""The class password: nothing is answered without it, and it stands nowhere but in the one form."""

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from playground.server import tries
from playground.server.class_password import COOKIE, ENTRY, ClassPassword
from tests.loops import in_loop
from tests.served import served

SECRET = "Hoa sen & 7"
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def client() -> TestClient:
    routes = [Route("/{path:path}", lambda _: PlainTextResponse("inside"), methods=["GET", "POST"])]
    app = Starlette(routes=routes, middleware=[Middleware(ClassPassword, password=SECRET)])
    return TestClient(app, follow_redirects=False)


def test_without_the_password_there_is_a_form_in_both_languages_and_nothing_else(client):
    for lang, first in (("en", "Class password"), ("vi", "Mật khẩu của lớp")):
        page = client.get("/", headers={"accept-language": lang})
        assert page.status_code == 401 and f'lang="{lang}"' in page.text and first in page.text
        assert "Class password" in page.text and "Mật khẩu của lớp" in page.text and "<script" not in page.text
    for path in ("/config", "/gradio_api/upload", "/gradio_api/queue/join", "/playground/runs", "/playground/table"):
        for ask in (client.get, client.post):
            answer = ask(path)
            assert (answer.status_code, answer.text) == (401, ""), path


def test_the_password_opens_the_page_by_a_cookie_that_does_not_hold_it(client):
    entered = client.post(ENTRY, data={"password": SECRET})
    assert entered.status_code == 303 and entered.headers["location"] == "../"
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and SECRET.lower() not in cookie
    assert client.get("/anything").text == "inside" and client.post("/anything").text == "inside"
    client.cookies.clear()
    for wrong in ("", "x", entered.cookies[COOKIE][:-1], "é"):
        answer = client.get("/anything", headers={"cookie": f"{COOKIE}={wrong}".encode()})
        assert answer.status_code == 401, wrong


def test_a_class_behind_one_address_gets_in_after_many_were_wrong(client):
    for lang, sentence in (("en", "not the class password"), ("vi", "Mật khẩu chưa đúng")):
        for wrong in ("", "x", SECRET.lower(), SECRET + " "):
            answer = client.post(ENTRY, data={"password": wrong}, headers={"accept-language": lang})
            assert answer.status_code == 401 and sentence in answer.text and "set-cookie" not in answer.headers
    assert client.post(ENTRY, data={"password": SECRET}).status_code == 303


def test_who_finds_no_place_to_wait_is_told_to_try_again(client, monkeypatch):
    monkeypatch.setattr(tries, "PLACES", 0)
    for lang, sentence in (("en", "try again in a few seconds"), ("vi", "hãy thử lại sau vài giây")):
        answer = client.post(ENTRY, data={"password": SECRET}, headers={"accept-language": lang})
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "2") and sentence in answer.text
        assert "<form" in answer.text


def test_who_hangs_up_leaves_the_place_in_which_they_waited():
    entry = ClassPassword(PlainTextResponse("inside"), SECRET)

    async def story() -> None:
        gone, told = asyncio.Event(), []

        async def receive() -> dict:
            if not told:
                told.append(1)
                return {"type": "http.request", "body": b"password=x"}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict) -> None:
            told.append(message.get("status"))

        entry.tries._of("10.0.0.1").left = entry.tries._of("10.0.0.1").pace = 1e-9  # nobody's turn comes
        scope = {"type": "http", "method": "POST", "path": ENTRY, "headers": [], "client": ("10.0.0.1", 1)}
        asked = asyncio.create_task(entry(scope, receive, send))
        while not entry.tries.all.waiting:
            await asyncio.sleep(0)
        gone.set()
        await asked
        await asyncio.sleep(0)
        assert entry.tries.all.waiting == 0 and 429 in told

    in_loop(story())


def test_a_long_form_is_not_read_to_its_end(client):
    assert client.post(ENTRY, content=b"password=" + b"x" * 10**6, headers=FORM).status_code == 401


def test_the_real_page_opens_with_the_password_and_says_it_nowhere(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n", encoding="utf-8")
    arguments = ("--no-welcome", "--profile", "classroom", "--host", "127.0.0.1", "--class-password-file", str(secret))
    with served(tmp_path / "runs", *arguments) as address, httpx.Client(base_url=address) as browser:
        assert browser.get("/config").status_code == 401
        assert browser.post(ENTRY, data={"password": SECRET}).status_code == 303
        page = browser.get("/config")
        assert page.status_code == 200 and SECRET not in page.text
        assert browser.get("/playground/runs").json()["runs"] == []
        files = {"files": ("a.txt", b"text")}
        assert browser.post("/gradio_api/upload", files=files).status_code == 200
    assert SECRET not in (tmp_path / "runs.log").read_text()
