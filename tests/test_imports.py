"""Imports run one way: app -> playground.ui -> tabs -> the rest of playground -> core; and core stays light.

The rule is read off the source, so that an import inside a function counts too, and tried on a tree that breaks it.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# What a package may not import, nor anything inside of it. Modules inside keep the rules of their package.
FORBIDDEN = {
    "core": {"gradio", "matplotlib", "playground", "app"},
    "playground": {"playground.tabs", "playground.ui", "app"},  # so tabs import no tabs
    "playground.ui": {"app"},  # and this one alone brings the tabs together
    "playground.plots": {"gradio", "torch"},  # pure: numbers in, a figure out
    "playground.worker": {"gradio"},  # seconds to import, in every process
}
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
            names = [f"{source}.{alias.name}" for alias in node.names]  # `from playground import tabs` is seen
        else:
            continue
        yield from ((imported, id(node) not in late) for imported in names)


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def forbidden_to(name: str) -> set[str]:
    """Join the rules of a module and of the packages it is in; those of playground.ui stand alone."""
    if name == "playground.ui":
        return FORBIDDEN[name]
    return set().union(*(names for package, names in FORBIDDEN.items() if within(name, package)))


def violations(root: Path) -> list[str]:
    """List what breaks the rule, as 'module imports name'."""
    found = []
    for name, path in modules(root):
        forbidden = forbidden_to(name)
        for imported, at_once in imports(name, path):
            wrong = any(within(imported, other) for other in forbidden)
            early = at_once and within(name, "core") and imported.split(".")[0] in LATE_IN_CORE
            if wrong or early:
                found.append(f"{name} imports {imported}")
    return found


def test_imports_run_one_way():
    assert violations(ROOT) == []


def test_the_walk_sees_the_modules_that_are_there():
    names = {name for name, _ in modules(ROOT)}
    assert {"core", "core.model", "core.training"} <= names
    assert ("core.config.GPTConfig", True) in set(imports("core.model", ROOT / "core" / "model.py"))


@pytest.mark.parametrize(
    ("file", "line", "broken"),
    [
        ("core/model.py", "import gradio as gr", "gradio"),
        ("core/model.py", "def f():\n    from playground import runs", "playground.runs"),
        ("core/model.py", "from playground.runs import RunStore", "playground.runs.RunStore"),
        ("core/model.py", "import transformers", "transformers"),
        ("core/model.py", "class A:\n    from tiktoken import get_encoding", "tiktoken.get_encoding"),
        ("core/model.py", "def f():\n    import transformers", None),
        ("core/model.py", "import apples, tiktokens", None),
        ("playground/tabs/train.py", "from playground.tabs.write import build", "playground.tabs.write.build"),
        ("playground/tabs/train.py", "from . import write", "playground.tabs.write"),
        ("playground/tabs/train.py", "from .write import build", "playground.tabs.write.build"),
        ("playground/tabs/train.py", "from playground import tabs", "playground.tabs"),
        ("playground/tabs/train.py", "from playground import runs\nimport core.model, gradio", None),
        ("playground/tabs/train.py", "from ..ui import build_app", "playground.ui.build_app"),
        ("playground/plots.py", "import torch", "torch"),
        ("playground/components/loss_chart.py", "import playground.tabs.train", "playground.tabs.train"),
        ("playground/runs.py", "def f():\n    import playground.ui", "playground.ui"),
        ("playground/worker.py", "import gradio", "gradio"),
        ("playground/ui.py", "import app", "app"),
        ("playground/ui.py", "from playground.tabs import train", None),
        ("app.py", "from playground.ui import build_app", None),
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
