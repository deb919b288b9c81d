"""Find in the source every sentence that may reach a user as a refusal or a status, with samples in its places.

A sentence is what an exception is made with, or the message of a status. It may be put together from parts: a name that
was bound above, a constant, a choice (`x if y else z`), what a function returns. All that the source shows is followed;
what it does not show (a value, another program's words) is a place, and is filled with a mark of its own.
"""

import ast
import builtins
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
MOST = 60  # ways to put one sentence together that are looked at


@dataclass(frozen=True)
class Sentence:
    """A sentence with marks in its places, and where it stands."""

    text: str
    place: str


@dataclass
class _Module:
    path: Path
    tree: ast.Module
    constants: dict[str, ast.expr] = field(default_factory=dict)
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    imported: dict[str, tuple[str, str]] = field(default_factory=dict)  # name -> (module, name there)

    def __post_init__(self):
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef):
                self.functions.setdefault(node.name, node)
            elif isinstance(node, ast.ImportFrom) and node.module:
                self.imported |= {alias.asname or alias.name: (node.module, alias.name) for alias in node.names}
        for node in self.tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self.constants[node.targets[0].id] = node.value


@cache
def _module(path: Path) -> _Module:
    return _Module(path, ast.parse(path.read_text(encoding="utf-8")))


def _sources() -> list[Path]:
    return sorted(path for folder in ("core", "playground") for path in (ROOT / folder).rglob("*.py"))


@cache
def _exceptions() -> frozenset[str]:
    """Return the names of all exceptions: Python's and ours."""
    names = {name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, Exception)}
    names.add("Error")  # gr.Error
    classes = [node for path in _sources() for node in ast.walk(_module(path).tree) if isinstance(node, ast.ClassDef)]
    for _ in range(3):  # ours may come from ours
        names |= {node.name for node in classes if any(_last_name(base) in names for base in node.bases)}
    return frozenset(names)


def find_sentences() -> list[Sentence]:
    """Return every sentence of `core/` and `playground/`, each way of putting it together once."""
    found = {}
    for path in _sources():
        for sentence in _sentences_of(_module(path)):
            found.setdefault(sentence.text, sentence)
    return list(found.values())


def _sentences_of(module: _Module) -> Iterator[Sentence]:
    scopes = [node for node in ast.walk(module.tree) if isinstance(node, ast.FunctionDef)]
    for node in ast.walk(module.tree):
        said = _said(node)
        if said is None:
            continue
        around = [scope for scope in scopes if scope.lineno <= node.lineno <= scope.end_lineno]
        for parts in itertools.islice(_ways(said, module, around, 0), MOST):
            marks = itertools.count(1)
            text = "".join(f"\u27e8{next(marks)}\u27e9" if part is None else part for part in parts)
            if any(letter.isalpha() for letter in text.replace("\u27e8", "")):  # not: a sentence that is handed on
                yield Sentence(text, f"{module.path.relative_to(ROOT)}:{node.lineno}")


def _said(node: ast.AST) -> ast.expr | None:
    """Return what an exception or a status is told with; None for any other node."""
    if isinstance(node, ast.Assign) and _last_name(node.targets[0]) == "message":  # a status to come
        return node.value
    if not isinstance(node, ast.Call):
        return None
    made = [node.func.body, node.func.orelse] if isinstance(node.func, ast.IfExp) else [node.func]
    names = {_last_name(each) for each in made}
    if names & _exceptions() and node.args:
        return node.args[-1]
    if _last_name(node.func) == "__init__" and node.args and "super" in ast.dump(node.func):
        return node.args[0] if isinstance(node.args[0], ast.JoinedStr | ast.Constant) else None
    if names == {"Status"} and len(node.args) >= 3:
        return node.args[2]
    return next((each.value for each in node.keywords if each.arg == "message"), None)


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _ways(node: ast.expr | None, module: _Module, scopes: list, depth: int) -> Iterator[tuple]:
    """Yield each way in which an expression makes a text: its parts, None for a place."""
    if depth > 8 or node is None:
        yield (None,)
        return
    again = lambda each: _ways(each, module, scopes, depth + 1)  # noqa: E731
    match node:
        case ast.Constant(value=str(text)):
            yield (text,)
        case ast.JoinedStr(values=values):
            yield from map(_flat, itertools.product(*(list(again(each)) for each in values)))
        case ast.FormattedValue(value=value):
            yield from again(value)
        case ast.IfExp(body=body, orelse=orelse):
            yield from again(body)
            yield from again(orelse)
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            yield from map(_flat, itertools.product(list(again(left)), list(again(right))))
        case ast.Name(id=name):
            yield from _ways_of_name(name, module, scopes, depth)
        case ast.Call(func=ast.Name(id="str"), args=[value]):
            yield from again(value)
        case ast.Call(func=ast.Name(id=name)):
            yield from _ways_of_call(name, module, depth)
        case ast.Call(func=ast.Attribute(attr="join"), args=[ast.Call(func=ast.Attribute(attr="split", value=value))]):
            yield from again(value)
        case _:
            yield (None,)


def _ways_of_name(name: str, module: _Module, scopes: list, depth: int) -> Iterator[tuple]:
    bound = [value for scope in scopes for node in ast.walk(scope) for value in _bound(node, name)]
    if not bound and name in module.constants:
        bound = [module.constants[name]]
    for value in bound or [None]:
        yield from _ways(value, module, scopes, depth + 1)


def _bound(node: ast.AST, name: str) -> list[ast.expr]:
    """Return what a statement binds a name to."""
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
        return [node.value]
    if not isinstance(node, ast.Assign):
        return []
    target = node.targets[0]
    if isinstance(target, ast.Name) and target.id == name:
        return [node.value]
    if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
        pairs = zip(target.elts, node.value.elts, strict=True)
        return [value for each, value in pairs if isinstance(each, ast.Name) and each.id == name]
    return []


def _ways_of_call(name: str, module: _Module, depth: int) -> Iterator[tuple]:
    if name in module.imported:
        where, name = module.imported[name]
        path = ROOT.joinpath(*where.split(".")).with_suffix(".py")
        module = _module(path) if path.exists() else module
    function = module.functions.get(name)
    returned = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)] if function else []
    if not any(isinstance(each, ast.JoinedStr | ast.Constant) for each in returned):
        yield (None,)
        return
    for each in returned:
        yield from _ways(each, module, [function], depth + 1)


def _flat(ways: tuple) -> tuple:
    return tuple(itertools.chain.from_iterable(ways))
