"""What is last known of runs: read again only where a file has changed."""

from core.runs.config import Status
from core.runs.directory import RunDir
from core.runs.plan import plan_run
from core.runs.presets import PRESETS
from core.runs.seen import Seen
from core.text.corpora import load_corpus


def test_a_state_is_read_once_until_it_changes(tmp_path, monkeypatch):
    plan = plan_run(load_corpus("plays"), {"preset": "tiny"}, PRESETS["tiny"].model, PRESETS["tiny"].train)
    run, seen, read = plan.create(tmp_path), Seen(tmp_path), []
    status = RunDir.status
    monkeypatch.setattr(RunDir, "status", lambda self: read.append(self.id) or status(self))
    for _ in range(5):
        assert seen.is_active(run.id)
    assert len(read) == 1
    run.write_status(Status("running", 3))
    assert seen.is_active(run.id)
    run.write_status(Status("done", 4))
    assert not seen.is_active(run.id)
    assert not seen.is_active("nobody")


def test_a_known_text_is_encoded_once_for_all_who_train_on_it(monkeypatch):
    from core.tokenizers import CharTokenizer

    preset, encoded = PRESETS["tiny"], []
    encode = CharTokenizer.encode
    monkeypatch.setattr(CharTokenizer, "encode", lambda self, text: encoded.append(len(text)) or encode(self, text))
    plans = [plan_run(load_corpus("plays"), {"preset": "tiny"}, preset.model, preset.train) for _ in range(3)]
    assert len([length for length in encoded if length > 1000]) <= 1
    assert len({plan.config.entropy for plan in plans}) == 1
