"""The page under its content policy: all of it works, and nothing in it can ask another server for anything."""

import socket

import pytest

from tests.served import served


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with served(tmp_path_factory.mktemp("policy") / "runs", "--no-welcome") as address:
        yield address


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_the_whole_page_keeps_to_its_policy_and_an_image_from_elsewhere_is_not_fetched(browser, url, theme):
    page, said = browser.new_page(), []
    page.on("console", lambda message: "Content Security Policy" in message.text and said.append(message.text))
    page.goto(f"{url}?__theme={theme}")
    for name in ("Generate", "Attention", "Compare", "Train"):
        page.get_by_role("tab", name=name, exact=True).click()
        page.get_by_role("tab", name=name, exact=True, selected=True).wait_for()
    assert said == []
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.settimeout(0.0)
        address = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/a.png"
        page.evaluate(
            "address => new Promise(done => { const image = new Image(); image.onerror = done; image.src = address })",
            address,
        )
        with pytest.raises(BlockingIOError):
            elsewhere.accept()  # nobody has come
    assert len(said) == 1 and "img-src" in said[0]
    page.close()
