"""Imports run one way, from room to room as the README's tree shows it; and the lesson stays light.

The rule is read off the source, so that an import inside a function counts too, and tried on a tree that breaks it.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

WINGS = ("text", "pretrained", "runs", "insight", "lab")
TABS = tuple(path.parent.name for path in sorted(ROOT.glob("playground/*/tab.py")))

# What a room may import of our own, beside itself. The lesson is `core` without its wings.
ALLOWED = {
    "core": set(),
    "core.gpt2": {"core", "core.pretrained"},  # two doors: the contract's names,
    "core.__main__": {"core", "core.runs"},  # and the command line
    **{f"core.{wing}": {"core"} for wing in WINGS},
    "core.runs": {"core", "core.text", "core.pretrained", "core.lab.variants"},
    "core.lab": {"core", "core.text", "core.runs", "core.insight", "core.lab.variants"},  # over runs and models,
    "core.lab.variants": {"core"},  # but for the ways to break a model, which runs are built from
    "playground.words": {"core", "core.runs", "core.lab.variants"},
    "playground.widgets": {"core", "core.runs", "playground.words"},
    "playground.server": {"core", "core.runs", "core.text", "playground.words"},  # no tab
    **{f"playground.{tab}": {"*core", "playground", "playground.words", "playground.widgets", "playground.server"}
       for tab in TABS},  # no other tab
    "playground": {"*core", "playground.words", "playground.widgets", "playground.server"},  # what tabs share
    "playground.build": {"*"},  # this one alone brings the tabs together
    "app": {"*"},
}  # fmt: skip
NO_GRADIO = ("core", "playground.words", "playground.prompts", "playground.models", "playground.linked",
             "playground.server.feed", "playground.server.routes", "playground.server.run_list",
             "playground.server.files", "playground.server.guard", "playground.server.door",
             "playground.server.origins", "playground.server.rates", "playground.server.bodies",
             "playground.server.shapes", "playground.server.calls", "playground.server.uploads",
             "playground.server.headers", "playground.server.refusal", "playground.server.line")  # fmt: skip
VALUES = ("values", "_values", "figures", "downloads", "writing", "contenders")  # pure: how their modules' names end
LATE_IN_CORE = {"transformers", "tiktoken"}  # seconds to import, and needed by few: only inside functions


def modules(root: Path) -> Iterator[tuple[str, Path]]:
    """Give the dotted name and the file of every module of ours."""
    for path in sorted([*root.glob("*.py"), *root.glob("core/**/*.py"), *root.glob("playground/**/*.py")]):
        parts = path.relative_to(root).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(name: str, path: Path) -> Iterator[tuple[str, bool]]:
    """Give every name that a module imports, and whether that happens when the module itself is imported."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    late = {id(inner) for function in functions for inner in ast.walk(function)}
    package = name if path.stem == "__init__" else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*above, *filter(None, [node.module])])
            names = [f"{source}.{alias.name}" for alias in node.names]  # `from playground import train` is seen
        else:
            continue
        yield from ((imported, id(node) not in late) for imported in names)


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def room_of(name: str) -> str:
    """Return the room that a name of ours is in: the longest one of ALLOWED."""
    return max((room for room in ALLOWED if within(name, room)), key=len, default=name)


def is_allowed(importer: str, imported: str) -> bool:
    room, other = room_of(importer), room_of(imported)
    if other in ("core.gpt2", "core.__main__"):
        other = "core"  # as others see it: a name of the lesson; only they themselves may go further
    allowed = ALLOWED[room] | {room}
    return other in allowed or "*" in allowed or ("*core" in allowed and within(other, "core"))


def violations(root: Path) -> list[str]:
    """List what breaks the rules, as 'module imports name'."""
    found = []
    for name, path in modules(root):
        pure = any(within(name, room) for room in NO_GRADIO) or (
            name.split(".")[-1].endswith(VALUES) and any(within(name, f"playground.{tab}") for tab in TABS)
        )
        for imported, at_once in imports(name, path):
            ours = imported.split(".")[0] in ("app", "core", "playground")
            wrong = ours and not is_allowed(name, imported)
            drawn = within(name, "core") and imported.split(".")[0] == "matplotlib"
            early = at_once and within(name, "core") and imported.split(".")[0] in LATE_IN_CORE
            if wrong or drawn or early or (pure and within(imported, "gradio")):
                found.append(f"{name} imports {imported}")
    return found


def test_imports_run_one_way():
    assert violations(ROOT) == []


def test_the_walk_sees_the_modules_that_are_there():
    names = {name for name, _ in modules(ROOT)}
    assert {"core", "core.model", "core.training", "core.runs.store", "playground.train.tab"} <= names
    assert ("core.config.GPTConfig", True) in set(imports("core.model", ROOT / "core" / "model.py"))
    rooms = {".".join(name.split(".")[:2]) for name in names if name.count(".") > 1}
    assert rooms <= set(ALLOWED), "a room without a rule"


@pytest.mark.parametrize(
    ("file", "line", "broken"),
    [
        ("core/model.py", "import gradio as gr", "gradio"),
        ("core/model.py", "def f():\n    from playground import page", "playground.page"),
        ("core/model.py", "from core.runs.store import RunStore", "core.runs.store.RunStore"),
        ("core/model.py", "def f():\n    from core import text", "core.text"),
        ("core/model.py", "import transformers", "transformers"),
        ("core/model.py", "import matplotlib.figure", "matplotlib.figure"),
        ("core/model.py", "class A:\n    from tiktoken import get_encoding", "tiktoken.get_encoding"),
        ("core/model.py", "def f():\n    import transformers", None),
        ("core/model.py", "import apples, tiktokens\nfrom core.config import GPTConfig", None),
        ("core/gpt2.py", "from core.pretrained.loader import load_gpt2", None),
        ("core/gpt2.py", "from core.runs.store import RunStore", "core.runs.store.RunStore"),
        ("core/text/corpora.py", "from core.runs import store", "core.runs.store"),
        ("core/runs/plan.py", "from core.text.corpora import Corpus", None),
        ("core/runs/built.py", "from core.lab.variants import build", None),
        ("core/runs/built.py", "from core.lab.twins import plan_variant", "core.lab.twins.plan_variant"),
        ("core/lab/variants.py", "from core.runs.directory import RunDir", "core.runs.directory.RunDir"),
        ("core/runs/worker.py", "import gradio", "gradio"),
        ("core/insight/heads.py", "from core.runs.directory import RunDir", "core.runs.directory.RunDir"),
        ("playground/train/tab.py", "from playground.generate.tab import build", "playground.generate.tab.build"),
        ("playground/train/tab.py", "from ..generate import tab", "playground.generate.tab"),
        ("playground/train/tab.py", "from playground import generate", "playground.generate"),
        ("playground/train/tab.py", "from . import form\nimport core.model, gradio", None),
        ("playground/train/tab.py", "from ..build import build_app", "playground.build.build_app"),
        ("playground/train/figures.py", "import gradio", "gradio"),
        ("playground/compare/counting_values.py", "import gradio", "gradio"),
        ("playground/server/routes.py", "import playground.train.downloads", "playground.train.downloads"),
        ("playground/server/routes.py", "from playground.widgets import theme", "playground.widgets.theme"),
        ("playground/words/translate.py", "from playground.train import words", "playground.train.words"),
        ("playground/widgets/base.py", "import playground.page", "playground.page"),
        ("playground/page.py", "from playground.train import tab", "playground.train.tab"),
        ("playground/build.py", "import app", None),
        ("playground/build.py", "from playground.train.tab import TrainTab", None),
        ("app.py", "from playground.build import build_app", None),
    ],
)
def test_an_import_the_wrong_way_is_found(tmp_path, file, line, broken):
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(line)
    name = file.removesuffix(".py").replace("/", ".")
    assert violations(tmp_path) == ([f"{name} imports {broken}"] if broken else [])


def test_importing_core_brings_no_page_no_charts_and_no_hugging_face():
    names = [name for name, _ in modules(ROOT) if within(name, "core")]
    heavy = "{'gradio', 'transformers', 'tiktoken', 'matplotlib', 'playground'}"
    code = f"import sys, {', '.join(names)}; print(sorted({heavy} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "[]"  # nor does it print anything


def test_the_lesson_can_be_read_in_an_hour_and_every_room_stays_small():
    lesson = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in ROOT.glob("core/*.py"))
    assert lesson <= 2_100
    tables = ("plays_grammar.py", "words.py", "shared.py")
    too_long, too_deep = [], []
    for name, path in modules(ROOT):
        lines = path.read_text(encoding="utf-8").splitlines()
        if len(lines) > 320 and not path.name.endswith(tables):
            too_long.append(f"{name}: {len(lines)} lines")
        for node in ast.walk(ast.parse("\n".join(lines))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno - node.lineno >= 50:
                too_deep.append(f"{name}.{node.name}: {node.end_lineno - node.lineno + 1} lines")
    assert (too_long, too_deep) == ([], [])
