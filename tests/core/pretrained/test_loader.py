"""GPT-2 from a Hub that a test plays: loaded once for all, checked; a failure is a sentence, and a retry mends it."""

import hashlib
import json
import re
import shutil
import threading
import time

import pytest
import torch
from safetensors.torch import load_file, save

from core import tokenizers
from core.downloads import DownloadError
from core.model import GPT, eval_mode
from core.pretrained import hub as hub_module
from core.pretrained import loader as gpt2
from core.pretrained.family import PUBLISHED, gpt2_config
from core.runs.plan import plan_run
from core.runs.training_run import train_run
from core.text.corpora import own_text
from tests.core.test_downloads import ask_together, wait_until
from tests.hub import TINY, WEIGHTS, Hub, merges_text, write_repository


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    folder = tmp_path_factory.mktemp("repository")
    write_repository(folder, TINY)
    return folder


@pytest.fixture
def hub(repository, tmp_path, monkeypatch):
    with Hub(repository) as hub:
        for name, value in hub.environment(tmp_path / "cache").items():
            monkeypatch.setenv(name, value)
        yield hub
        if gpt2.status().state in ("downloading", "reading"):
            states()
    for name in PUBLISHED:
        gpt2.unload(name)


@pytest.fixture
def cached(hub):
    """Fill the cache, as a download does, and give its folder."""
    source = gpt2.SOURCES["gpt2"]
    source.fetch(["config.json", "merges.txt", WEIGHTS])
    hub.requests.clear()
    return source.folder


def ids(T=20):
    return torch.randint(0, TINY.vocab_size, (1, T), generator=torch.Generator().manual_seed(T))


def states(name="gpt2"):
    """Follow a loading to its end; return the states that were seen, in order, and the last look."""
    seen, deadline = [], time.monotonic() + 90
    while time.monotonic() < deadline:
        look = gpt2.status(name)
        if not seen or seen[-1] != look.state:
            seen.append(look.state)
        if look.state in ("ready", "failed"):
            return seen, look
        time.sleep(0.002)
    raise AssertionError(f"the loading did not end: {seen}")


def test_what_is_loaded_gives_the_logits_of_the_model_that_the_hub_serves(hub, capfd):
    from transformers import GPT2LMHeadModel

    theirs = GPT2LMHeadModel.from_pretrained(hub.folder)
    capfd.readouterr()
    seen = []
    ours = gpt2.load_gpt2("gpt2", lambda done, total: seen.append((done, total)))
    assert capfd.readouterr() == ("", "")
    assert not ours.training and ours.config == TINY
    with torch.no_grad():
        for T in (1, 20, 128):
            assert (ours(ids(T))[0] - theirs(ids(T)).logits).abs().max() < 1e-5
    assert seen[-1][0] == seen[-1][1] > (hub.folder / WEIGHTS).stat().st_size
    assert gpt2.status() == gpt2.Loading("ready", *seen[-1])


def test_only_the_files_that_are_needed_are_asked_for_once(hub):
    gpt2.load_gpt2()
    assert [file for file, _ in hub.sent] == ["config.json", "merges.txt", "generation_config.json", WEIGHTS]


def test_a_second_call_returns_the_same_object(hub):
    first = gpt2.load_gpt2()
    assert gpt2.load_gpt2() is first is gpt2.loaded()
    assert hub.asked(WEIGHTS) == 1


def test_twenty_who_ask_at_once_share_one_download_and_one_model(hub):
    hub.behave("slow", rate=20_000_000)
    threads, results = ask_together(20, gpt2.load_gpt2)
    for thread in threads:
        thread.join()
    assert len({id(model) for model in results}) == 1
    assert results[0] is gpt2.loaded()
    assert hub.asked(WEIGHTS) == hub.asked("config.json") == 1


def test_a_loading_in_the_background_tells_how_far_it_is(hub):
    assert gpt2.status() == gpt2.Loading("absent", 0, None, None)
    assert gpt2.loaded() is None
    hub.behave("slow", rate=10_000_000)
    gpt2.begin()
    gpt2.begin()
    wait_until(lambda: gpt2.status().total)
    look = gpt2.status()
    assert look.state == "downloading" and 0 < look.done < look.total
    seen, last = states()
    assert seen == ["downloading", "reading", "ready"]
    assert last.done == last.total == look.total
    assert hub.asked(WEIGHTS) == 1
    model = gpt2.loaded()
    gpt2.begin()  # nothing more to do
    assert gpt2.status().state == "ready" and gpt2.load_gpt2() is model


def test_after_a_failure_in_the_background_it_can_be_begun_again_and_goes_on(hub):
    hub.behave("cut", after=2_000_000)
    gpt2.begin()
    seen, last = states()
    assert seen[-1] == "failed" and gpt2.loaded() is None
    assert last.message == (
        "model.safetensors of openai-community/gpt2 could not be downloaded: the connection was cut; check the network "
        "and try again (what has arrived is kept), or let HF_ENDPOINT name a mirror"
    )
    hub.behave("well")
    gpt2.begin()
    assert gpt2.status().message is None
    assert states()[1].state == "ready"
    assert hub.sent[-1][1].startswith("bytes=")  # not from its beginning


@pytest.mark.parametrize("file", ["config.json", WEIGHTS])
def test_whatever_the_hub_does_wrong_is_told_to_all_and_the_next_try_succeeds(hub, monkeypatch, file):
    for mood in ("missing", "busy", "down", "silent", "stall", "cut", "wrong", "damaged"):
        monkeypatch.setattr("core.downloads.PATIENCE", 0.5 if mood in ("silent", "stall") else 10.0)
        hub.behave(mood, file=file)
        threads, results = ask_together(3, gpt2.load_gpt2)
        for thread in threads:
            thread.join()
        for result in results:
            assert isinstance(result, DownloadError), f"{mood}: {result}"
            assert re.search(f"{file} of openai-community/gpt2.*try", str(result)) and "\n" not in str(result), mood
        assert gpt2.status().state == "failed" and gpt2.status().message in map(str, results), mood
        monkeypatch.setattr("core.downloads.PATIENCE", 10.0)
        hub.behave("well")
        assert gpt2.load_gpt2().config == TINY, mood
        assert gpt2.status().state == "ready" and gpt2.status().message is None, mood
        gpt2.unload()
        shutil.rmtree(hub_module.cache_directory())


def test_without_a_network_the_sentence_says_so(hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.invalid")
    with pytest.raises(DownloadError, match="the server could not be reached; check the network and try again"):
        gpt2.load_gpt2()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(DownloadError, match="HF_HUB_OFFLINE forbids asking"):
        gpt2.load_gpt2()


def test_with_a_filled_cache_no_request_is_made(hub, cached, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert gpt2.is_cached()
    gpt2.begin()
    seen, last = states()
    assert seen == ["reading", "ready"] or seen == ["ready"]
    assert last == gpt2.Loading("ready")
    assert gpt2.prove("gpt2", ids()).largest < 1e-5
    assert hub.requests == []


def test_side_files_that_the_hub_lacks_are_done_without(hub):
    hub.behave("missing", file="merges.txt")
    assert gpt2.load_gpt2().config == TINY


def put(path, data):
    """Replace what the cache holds under a name, as where no links can be made: the blob is not there too."""
    path.resolve().unlink()
    path.unlink(missing_ok=True)
    path.write_bytes(data)


def damage(folder, how):
    path = folder / WEIGHTS
    whole = path.read_bytes()
    if how == "a byte flipped":  # only the checksum that the blob is named by can tell
        path.resolve().write_bytes(whole[:-5] + bytes([whole[-5] ^ 1]) + whole[-4:])
    elif how == "cut off":
        put(path, whole[:-1])
    elif how == "garbage":
        put(path, bytes(len(whole)))
    elif how == "empty":
        put(path, b"")
    else:
        tensors = load_file(path)
        if how == "not a number":
            tensors["h.1.ln_1.weight"][3] = torch.nan
        elif how == "a tensor missing":
            del tensors["h.1.mlp.c_fc.bias"]
        elif how == "not transposed":
            tensors["h.0.attn.c_attn.weight"] = tensors["h.0.attn.c_attn.weight"].t().contiguous()
        put(path, save(tensors, metadata={"format": "pt"}))


DAMAGES = ["a byte flipped", "cut off", "garbage", "empty", "not a number", "a tensor missing", "not transposed"]


def test_a_damaged_cache_is_found_out_and_the_next_try_brings_that_file_anew(hub, cached):
    for how in DAMAGES:
        hub.requests.clear()
        damage(cached, how)
        with pytest.raises(DownloadError, match=f"{WEIGHTS}.*damaged or another file.*try again to download it anew"):
            gpt2.load_gpt2()
        assert hub.requests == [] and not gpt2.is_cached(), how
        assert gpt2.load_gpt2().config == TINY, how
        assert hub.asked(WEIGHTS) == 1 and hub.asked("config.json") == 0, how
        gpt2.unload()


def test_a_config_that_is_none_or_another_is_found_out_and_brought_anew(hub, cached):
    for text in ("", "{", "<html>", "[]", '{"model_type": "llama"}', "\udce9"):
        hub.requests.clear()
        put(cached / "config.json", text.encode("utf-8", "surrogateescape"))
        with pytest.raises(DownloadError, match="config.json .*damaged or another file"):
            gpt2.load_gpt2()
        assert gpt2.load_gpt2().config == TINY, text
        assert [file for file, _ in hub.sent if file in gpt2.NEEDED] == ["config.json"], text
        gpt2.unload()


def test_on_a_real_hub_the_shape_must_be_the_published_one(hub, cached, monkeypatch):
    monkeypatch.setattr(hub_module, "is_on_this_machine", lambda: False)
    with pytest.raises(DownloadError, match="config.json .*another file"):
        gpt2.load_gpt2()


def test_a_gpt2_of_another_make_is_refused(hub, cached):
    config = json.loads((cached / "config.json").read_text()) | {"scale_attn_by_inverse_layer_idx": True}
    put(cached / "config.json", json.dumps(config).encode())
    with pytest.raises(DownloadError, match="config.json .*another file"):
        gpt2.load_gpt2()


def test_a_name_outside_the_family_is_refused_with_the_choices():
    for function in (gpt2.load_gpt2, gpt2.begin, gpt2.status, gpt2.loaded, gpt2.unload, gpt2.is_cached):
        with pytest.raises(ValueError, match="choose one of: gpt2, gpt2-medium"):
            function("gpt3")


def test_every_published_model_has_its_source_and_its_shape():
    assert gpt2.SOURCES.keys() == set(PUBLISHED)
    assert len({source.revision for source in gpt2.SOURCES.values()}) == len(PUBLISHED)
    assert gpt2.gpt2_config is gpt2_config


def test_two_of_the_family_are_two_models(hub):
    small, distilled = gpt2.load_gpt2("gpt2"), gpt2.load_gpt2("distilgpt2")
    assert small is not distilled
    gpt2.unload("gpt2")
    assert gpt2.loaded("gpt2") is None and gpt2.loaded("distilgpt2") is distilled
    assert gpt2.status("gpt2").state == "absent"


def test_what_is_under_way_cannot_be_unloaded(hub):
    hub.behave("slow", rate=10_000_000)
    gpt2.begin()
    gpt2.unload()
    assert gpt2.status().state == "downloading"
    assert states()[1].state == "ready" and gpt2.loaded() is not None


def test_a_caller_that_is_interrupted_leaves_nobody_waiting(hub):
    def interrupt(done, total):
        waiting.append(ask_together(2, gpt2.load_gpt2))
        raise KeyboardInterrupt

    waiting = []
    with pytest.raises(KeyboardInterrupt):
        gpt2.load_gpt2("gpt2", interrupt)
    [(threads, results)] = waiting
    for thread in threads:
        thread.join()
    kinds = {type(result) for result in results}  # those who came after the end have loaded it themselves
    assert kinds <= {DownloadError, type(gpt2.loaded())}
    assert gpt2.load_gpt2().config == TINY


def test_what_nobody_thought_of_is_a_sentence_too_and_does_not_cost_the_download(hub, cached, monkeypatch):
    def no_memory(*args, **kwargs):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory:\nyou tried to allocate 497759232 bytes")

    monkeypatch.setattr("core.pretrained.conversion.take_over", no_memory)
    with pytest.raises(DownloadError, match="GPT-2 small could not be loaded.*can't allocate.*free some memory"):
        gpt2.load_gpt2()
    assert gpt2.is_cached() and "\n" not in gpt2.status().message
    monkeypatch.undo()


def test_the_proof_compares_with_a_fresh_model_of_transformers(hub, cached):
    with eval_mode(gpt2.load_gpt2()):
        proof = gpt2.prove("gpt2", ids(50))
    assert 0 <= proof.mean <= proof.largest < 1e-5
    assert proof.tokens == 50 and proof.seconds > 0
    with torch.no_grad():
        gpt2.load_gpt2().transformer["h"][0].mlp.c_fc.bias += 0.1  # a wrong number, and the proof fails
    assert gpt2.prove("gpt2", ids(50)).largest > 1e-4


def test_the_proof_downloads_nothing_and_refuses_what_does_not_fit(hub, monkeypatch):
    with pytest.raises(ValueError, match="not on this machine yet; load them first"):
        gpt2.prove("gpt2", ids())
    assert hub.requests == []
    gpt2.load_gpt2()
    empty = torch.empty(1, 0, dtype=torch.long)
    for wrong in (empty, torch.tensor([[TINY.vocab_size]]), torch.tensor([[-1]]), ids()[0]):
        with pytest.raises(ValueError, match="one row of ids"):
            gpt2.prove("gpt2", wrong)
    with pytest.raises(ValueError, match="do not fit into block_size=128"):
        gpt2.prove("gpt2", ids(129))


def test_the_merges_that_came_with_the_weights_make_the_tokenizer(hub, tmp_path, monkeypatch):
    for name in ("GPT_PLAYGROUND_DATA", "TIKTOKEN_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GPT_PLAYGROUND_CACHE", str(tmp_path / "none"))
    merges = (hub.folder / "merges.txt").read_bytes()
    monkeypatch.setattr(tokenizers, "MERGES_SHA256", hashlib.sha256(merges).hexdigest())
    monkeypatch.setattr(tokenizers, "MERGES_URL", hub.url + "/nothing")
    with pytest.raises(DownloadError, match="404"):
        gpt2.gpt2_tokenizer()
    gpt2.load_gpt2()
    tokenizer = gpt2.gpt2_tokenizer()
    assert tokenizer.decode(tokenizer.encode("Hello, world")) == "Hello, world"
    put(gpt2.SOURCES["gpt2"].folder / "merges.txt", merges_text()[:-9].encode())
    with pytest.raises(DownloadError):
        gpt2.gpt2_tokenizer()


def test_no_thread_and_no_part_is_left_behind(hub, tmp_path):
    gpt2.begin()
    states()
    wait_until(lambda: not {"download", "load-gpt2"} & {thread.name for thread in threading.enumerate()})
    assert list((tmp_path / "cache").rglob("*.incomplete")) == []
    shutil.rmtree(tmp_path / "cache")
    assert gpt2.loaded() is not None and not gpt2.is_cached()


# -- to start from ----------------------------------------------------------------------------------------------------


def test_a_model_starts_from_the_published_weights_with_a_window_of_its_own(cached):
    model = GPT(TINY.model_copy(update={"block_size": 16, "dropout": 0.1})).eval()
    gpt2.start_from(model)
    assert gpt2.loaded() is None  # nobody else had asked for it
    theirs = gpt2.load_gpt2()
    torch.testing.assert_close(model(ids(16))[0], theirs(ids(16))[0], atol=1e-5, rtol=0)
    assert all(a.data_ptr() != b.data_ptr() for a, b in zip(model.parameters(), theirs.parameters(), strict=True))


@pytest.mark.usefixtures("cached")
def test_what_the_published_weights_do_not_fit_is_refused():
    for changed, tokenizer, said in (
        ({}, "char", "choose tokenizer='gpt2'"),
        ({"n_layer": 1}, "gpt2", "^n_layer=1 does not fit GPT-2's weights; choose "),
        ({"block_size": 4000}, "gpt2", "choose at most "),
        ({"activation": "relu"}, "gpt2", "choose 'gelu'"),
        ({"tie_weights": False}, "gpt2", "choose True"),
    ):
        with pytest.raises(ValueError, match=said):
            gpt2.check_start(TINY.model_copy(update=changed), tokenizer)
    gpt2.check_start(TINY.model_copy(update={"block_size": 8, "dropout": 0.5, "init": "sinusoidal"}), "gpt2")


@pytest.mark.usefixtures("hub")
def test_to_start_from_weights_that_are_not_here_says_where_to_load_them():
    with pytest.raises(ValueError, match="load them in the Compare tab"):
        gpt2.check_start(TINY, "gpt2")


def test_a_run_is_fine_tuned_from_gpt2_and_goes_on_after_a_pause(cached, tmp_path, monkeypatch):
    class Bytes:
        vocab_size = TINY.vocab_size

        def encode(self, text):
            return [ord(c) % TINY.vocab_size for c in text]

        def decode(self, ids):
            return "".join(chr(65 + i % 26) for i in ids)

        def unknown(self, text):
            return []

    for module in ("core.runs.plan.BPETokenizer", "core.runs.config.BPETokenizer", "core.tokenizers.BPETokenizer"):
        monkeypatch.setattr(module, Bytes)
    monkeypatch.setattr("core.runs.config.GPT2_VOCAB_SIZE", TINY.vocab_size)
    monkeypatch.setattr("core.runs.plan.tokenizer_to_json", lambda tokenizer: {"kind": "gpt2"})
    free = {name: getattr(TINY, name) for name in ("n_layer", "n_head", "n_embd")}
    asked = {"tokenizer": "gpt2", "weights": "gpt2", "sample_tokens": 2}
    train = {"steps": 4, "batch_size": 2, "eval_interval": 2, "eval_tokens": 64, "learning_rate": 1e-4}
    plan = plan_run(own_text("The cat sat on the mat. " * 40), asked, {**free, "block_size": 8}, train)
    run = plan.create(tmp_path)
    recording = train_run(run)
    next(recording)
    recording.close()
    assert run.status().state == "paused" and run.config().weights == "gpt2"
    theirs = gpt2.load_gpt2()
    start = run.load_snapshot(0)
    torch.testing.assert_close(start(ids(8))[0], theirs(ids(8))[0], atol=1e-5, rtol=0)
    list(train_run(run))
    assert run.status().state == "done" and run.status().step == 4
