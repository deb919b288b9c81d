"""Links that nobody means well, against the launched page: sentences each time, and never a traceback."""

import json
import random
import secrets
from urllib.parse import quote, urlencode

from tests.playground.test_hostile import Site, _calm, site  # noqa: F401 (fixtures)

NAMES = (
    *("tab", "run", "preset", "corpus", "text", "n_layer", "seed", "prompt", "step", "write", "temperature", "top_k"),
    *("look", "looker", "head", "family", "count", "hide", "lock", "lang", "x", "__proto__", "constructor"),
)
VALUES = (
    *("", "0", "-1", "1e999", "nan", "9" * 400, "null", "[]", "{}", "true", "../../etc/passwd", "<script>", "${1}"),
    *("{{1}}", "\u202ea", "\ud7ff\U0001f600" * 30, "train,generate", "a" * 300, "%00", "'\"`;--", "\n\r\t", "own"),
)
AT_ONCE = 20


def opened(site: Site, queries: list[str]) -> list[dict]:  # noqa: F811
    """Open the page once for each query, as its script does; return what each is told of links."""
    config = site.client.get("/config").json()
    box = next(part["id"] for part in config["components"] if part["props"].get("elem_id") == "link-box")
    open_page = next(one for one in config["dependencies"] if one["backend_fn"] and box in one["outputs"])
    call = {"fn_index": open_page["id"], "data": [{}, "0" * 32], "session_hash": secrets.token_hex(8)}
    for query in queries:
        answer = site.post(f"/gradio_api/queue/join?{query}", call)
        assert answer.status_code == 200, (query, answer.text[:300])
    ended = []
    with site.client.stream("GET", f"/gradio_api/queue/data?session_hash={call['session_hash']}") as stream:
        for line in stream.iter_lines():
            message = json.loads(line[6:]) if line.startswith("data: ") else {}
            if message.get("msg") == "process_completed":
                assert message["success"], message["output"]
                ended.append(message["output"]["data"][open_page["outputs"].index(box)])
            if message.get("msg") == "close_stream":
                break
    assert len(ended) == len(queries)
    return ended


def test_no_link_breaks_the_page_or_draws_anything(site):  # noqa: F811
    dice = random.Random(7)
    links = ({name: dice.choice(VALUES) for name in dice.sample(NAMES, dice.randint(1, 8))} for _ in range(80))
    queries = [urlencode(link, quote_via=quote) for link in links]
    for i in range(0, len(queries), AT_ONCE):
        for told in opened(site, queries[i : i + AT_ONCE]):
            assert all("\n" not in sentence and len(sentence) < 300 for sentence in told["said"])
            assert set(told["held"]) <= {"tab", "head", "step", "hide", "lock"}


def test_a_link_that_is_too_long_is_refused_in_a_sentence(site):  # noqa: F811
    answer = site.client.get("/?write=" + "a" * 5_000)
    assert answer.status_code == 414 and "longer than 4,096 characters" in answer.text
