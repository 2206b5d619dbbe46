"""How the packages hang together: no import circle anywhere, and no file under models/ that serving does not load.

import-linter holds the direction of the arrows between layers; what a layer really loads is seen in a fresh
interpreter.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("client", "service", "workers", "models", "datasets", "training", "evaluation", "examples", "benchmarks")
HEAVY = {"torch", "onnxruntime", "numpy", "scipy", "av", "soundfile", "safetensors", "models"}


def loaded_by(statement: str) -> set[str]:
    """Top-level modules in a fresh interpreter after `statement`."""
    code = f"{statement}; import sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import service.app",
        "import service.embedded.stack",
        "import workers.contract.jobs, workers.contract.queue, workers.contract.store, workers.contract.blobs",
    ],
)
def test_the_api_loads_no_inference_library(statement: str) -> None:
    assert loaded_by(statement).isdisjoint(HEAVY)


def test_the_client_loads_nothing_of_the_rest() -> None:
    loaded = loaded_by("import client, client.command.main; client.LocalPortrait().close()")
    assert "httpx" in loaded
    assert loaded.isdisjoint(HEAVY | {"service", "workers", "fastapi", "redis", "rq"})


@pytest.mark.slow
def test_models_load_neither_http_nor_queue() -> None:
    loaded = loaded_by("import models.portrait")
    assert "torch" in loaded
    assert loaded.isdisjoint({"fastapi", "starlette", "redis", "rq", "service", "workers"})
    assert loaded.isdisjoint({"matplotlib", "onnx", "typer"}), "those belong to training alone"


Graph = Mapping[str, set[str]]


def module_name(file: Path, root: Path) -> str:
    """The dotted name of a file; a package's `__init__` has the package's."""
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules(root: Path, packages: tuple[str, ...] = PACKAGES) -> dict[str, Path]:
    return {module_name(file, root): file for package in packages for file in (root / package).rglob("*.py")}


def imported(file: Path, known: Mapping[str, Path]) -> Iterator[str]:
    """Everything that a file imports, wherever the statement stands: in functions and under TYPE_CHECKING too."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            yield from (name if (name := f"{base}.{alias.name}") in known else base for alias in node.names)


def ancestors(module: str) -> set[str]:
    parts = module.split(".")
    return {".".join(parts[:end]) for end in range(1, len(parts))}


def graph_of_files(root: Path, packages: tuple[str, ...] = PACKAGES) -> Graph:
    """module -> modules that it imports.

    Importing a.b.c from outside of a runs the `__init__` of a and of a.b before, so these count as imported. From
    inside of a package its own `__init__` counts only where a statement names it: it is running already, and may
    re-export.
    """
    known = modules(root, packages)
    graph: dict[str, set[str]] = {}
    for module, file in known.items():
        named = {name for name in imported(file, known) if name in known}
        run = {parent for name in named for parent in ancestors(name) - ancestors(module) if parent in known}
        graph[module] = (named | run) - {module}
    return graph


def graphs_of_packages(files: Graph) -> dict[str, Graph]:
    """package -> the graph of what lies directly in it, each subpackage one node; "" is the root.

    An entry point (`__main__`) counts as part of its package: what a command needs, its package needs. A package's own
    `__init__` is no node beside its parts, which it re-exports; to everybody else it is the package.
    """
    graphs: dict[str, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for importer, targets in files.items():
        for target in targets:
            shared = sorted(ancestors(importer) & ancestors(target), key=len)
            common = shared[-1] if shared else ""
            depth = len(shared)
            one, other = (".".join(name.split(".")[: depth + 1]) for name in (importer, target))
            if one != other:
                graphs[common][one].add(other)
    return dict(graphs)


def circle(graph: Graph) -> list[str]:
    """Modules that import one another in a circle; empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


def test_no_file_imports_itself_through_others() -> None:
    files = graph_of_files(ROOT)
    assert len(files) > 300
    assert circle(files) == []


def test_no_package_imports_itself_through_others() -> None:
    graphs = graphs_of_packages(graph_of_files(ROOT))
    assert graphs[""]["workers"] == {"models"}
    assert "models.renderer" in graphs["models"]["models.bundle"]
    assert {package: found for package, graph in graphs.items() if (found := circle(graph))} == {}


@pytest.mark.parametrize(
    ("files", "in_files", "in_packages"),
    [
        ({"one.py": "import p.two", "two.py": "import p.one"}, True, True),
        ({"one.py": "def f():\n from p import two", "two.py": "from p.one import f"}, True, True),
        ({"one.py": "if TYPE_CHECKING:\n from p.two import A", "two.py": "from p import one"}, True, True),
        ({"__init__.py": "from p.one import f", "one.py": "from p import f"}, True, False),
        ({"__init__.py": "from p.one import f", "one.py": "import p.two", "two.py": ""}, False, False),
        ({"a/x.py": "import p.b.y", "b/y.py": "", "b/z.py": "import p.a.w", "a/w.py": ""}, False, True),
        ({"a/__init__.py": "import p.b.y", "a/x.py": "", "b/y.py": "import p.a.x"}, True, True),
        ({"a/__main__.py": "import p.b.y", "a/x.py": "", "b/y.py": "import p.a.x"}, False, True),
        ({"a/x.py": "import p.b.y", "b/y.py": "import p.c", "c.py": ""}, False, False),
    ],
)
def test_circles_are_seen(tmp_path: Path, files: dict[str, str], in_files: bool, in_packages: bool) -> None:
    for name, text in files.items():
        file = tmp_path / "p" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    graph = graph_of_files(tmp_path, ("p",))
    assert bool(circle(graph)) == in_files
    assert any(circle(one) for one in graphs_of_packages(graph).values()) == in_packages


# What lies under models/ although a worker does not load it, and why.
NOT_SERVED = {
    "models.importers": "commands of operators: other projects' checkpoints to bundles that are served",
    "models.face3d": "the whole 3DMM, of which a bundle holds a part: pairs and evaluation draw heads with it",
    "models.__main__": "a command: coefficients of a file, without the service",
    "models.bundle.__main__": "a command: checks a bundle before it is served",
}


@pytest.mark.slow
def test_serving_loads_every_file_of_the_models() -> None:
    # The decoder's child imports what it decodes with on request.
    code = """
import sys
import models.video, workers.media.child, workers.process
from workers.contract.settings import Settings
from workers.editor import load_editor
load_editor(Settings())
print(*sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    unloaded = modules(ROOT, ("models",)).keys() - set(done.stdout.split())

    def excused(module: str) -> list[str]:
        return [name for name in NOT_SERVED if module == name or module.startswith(f"{name}.")]

    assert [module for module in sorted(unloaded) if not excused(module)] == [], "move it to who uses it"
    used = {name for module in unloaded for name in excused(module)}
    assert used == set(NOT_SERVED), "these are loaded now: no exception any more"
