"""A store with one small run that is done, which the tests of the tab share."""

import pytest

from core.runs.store import RunStore
from core.runs.training_run import train_run
from tests.tiny_runs import tiny_plan


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> RunStore:
    root = tmp_path_factory.mktemp("runs")
    for _ in train_run(tiny_plan(5).create(root, "tiny")):
        pass
    return RunStore(root, 1)
