"""The house's one-way rule, and the price of a start: who imports whom, and what an answer must not import at all."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parent.parent
LAYERS = {"ingest": set(), "prompts": set(), "app": {"ingest", "prompts"}, "eval": {"app", "ingest", "prompts"}}
# Heavy library -> modules that may import it, and those of them that may do so at their top.
HOMES = {
    "torch": set(),
    "transformers": set(),
    "sentence_transformers": {"ingest.embed", "ingest.model", "app.retrieval.rerank"},
    "onnxruntime": {"ingest.embed", "ingest.model", "ingest.formats.ocr"},
    "onnx": {"ingest.model", "ingest.model_graph"},
    "chromadb": {"ingest.store", "ingest.server"},
    "gradio": {"app.ui", "app.server"},
    "fastapi": {"app.server", "app.sources_routes", "app.export_routes", "app.api", "app.access.routes"},
    "argon2": {"app.access.passwords"},
    "joserfc": {"app.access.oidc"},
    "uvicorn": {"app.server", "app.heads"},
    "mcp": {"app.api.tools"},
    "limits": {"app.api.limits"},
    "prometheus_client": {"app.operations.metrics"},
    "opentelemetry": {"app.operations.traces"},
    "openai": set(),
    "llama_index": {"app.generation.backend", "app.generation.stream", "app.llamaindex", "eval.judge"},
    "ir_measures": {"eval.retrieval"},
    "trafilatura": {"ingest.formats.read_html"},
    "opencc": {"ingest.text.repair"},
    "pypdfium2": {"ingest.formats.pdf_layer"},
    "jieba": {"ingest.lexical"},
    "pypinyin": {"app.understanding.spelling"},
    "rapidocr": {"ingest.formats.ocr"},
    "openpyxl": {"ingest.formats.read_xlsx", "app.ui.compare_sheet"},
    "httpcore": {"ingest.formats.fetch", "ingest.formats.fetch_address"},
    "httpx": {
        "ingest.formats.fetch",
        "ingest.server",
        "app.generation.backend",
        "app.access.oidc",
        "app.operations.checks",
    },
    "xllamacpp": {"app.generation.embedded"},
    "ray": {"ingest.engine_ray"},
    "PIL": {"ingest.formats.read_image", "ingest.formats.pdf_picture"},
    "cv2": {"ingest.formats.ocr", "ingest.formats.scan_image"},
}
AT_TOP = {
    ("llama_index", "app.llamaindex"),
    ("llama_index", "eval.judge"),
    ("httpcore", "ingest.formats.fetch_address"),
    ("fastapi", "app.api.strict"),
}  # its classes derive from the framework's; nothing else imports it


def modules():
    for package in LAYERS:
        for path in sorted((REPO / package).rglob("*.py")):
            name = ".".join(path.relative_to(REPO).with_suffix("").parts).removesuffix(".__init__")
            yield name, ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(tree):
    """(imported module, name of the function around the import or "") for every import but those for type checkers."""
    found = []

    def visit(node, function):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            for child in node.orelse:
                visit(child, function)
            return
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            function = getattr(node, "name", "lambda")
        if isinstance(node, ast.Import):
            found.extend((alias.name, function) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            found.append((node.module, function))
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {
            "import_module",
            "importlib.import_module",
            "__import__",
        }:
            found.append((ast.literal_eval(node.args[0]), function))
        for child in ast.iter_child_nodes(node):
            visit(child, function)

    visit(tree, "")
    return found


MODULES = {name: imports(tree) for name, tree in modules()}


def test_the_reading_of_imports_sees_what_it_should():
    tree = ast.parse(
        "import a.b\nif TYPE_CHECKING:\n    import c\ndef f():\n    from d.e import g\n    def h(): import i"
    )
    assert imports(tree) == [("a.b", ""), ("d.e", "f"), ("i", "h")]
    assert {"ingest.store", "app.cli", "eval.run", "prompts", "app.ui.page"} <= MODULES.keys()


@pytest.mark.parametrize("name", sorted(MODULES))
def test_imports_go_one_way(name):
    own = name.partition(".")[0]
    wrong = []
    for target, function in MODULES[name]:
        layer = target.partition(".")[0]
        if layer in LAYERS and layer != own and layer not in LAYERS[own]:
            wrong.append((target, function))
    if name == "app.cli":  # the eval command, and only inside it
        wrong = [pair for pair in wrong if pair != ("eval.cli", "_eval")]
    assert wrong == []


@pytest.mark.parametrize("library", sorted(HOMES))
def test_a_heavy_library_has_one_home_and_is_imported_where_it_is_used(library):
    for name, found in MODULES.items():
        for target, function in found:
            if target.partition(".")[0] != library:
                continue
            assert any(name == home or name.startswith(f"{home}.") for home in HOMES[library]), (
                f"{name} imports {target}"
            )
            assert function or (library, name) in AT_TOP, f"{name} imports {target} at its top"


def test_nothing_imports_the_frameworks_adapter():
    assert [name for name, found in MODULES.items() if any(target == "app.llamaindex" for target, _ in found)] == []


def loaded_after(script, *arguments):
    """Top-level modules in memory after a script ran in a fresh interpreter; its output is thrown away."""
    tail = "\nimport json, sys\nsys.stderr.write('LOADED' + json.dumps(sorted({m.partition('.')[0] for m in sys.modules})))"
    done = subprocess.run(
        [sys.executable, "-c", script + tail, *arguments],
        cwd=REPO,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout, set(json.loads(done.stderr.rpartition("LOADED")[2]))


RUN = "import sys\nfrom app.cli import main\ntry:\n    code = main(sys.argv[1:])\nexcept SystemExit as stop:\n    code = stop.code\nassert code == 0, code"
SLOW = {
    "torch",
    "transformers",
    "sentence_transformers",
    "gradio",
    "openai",
    "llama_index",
    "fastapi",
    "onnx",
    "pandas",
    "scipy",
    "trafilatura",
}


def test_help_loads_nothing_heavy():
    shown, loaded = loaded_after(RUN, "--help")
    assert "ingest" in shown and "ask" in shown
    assert loaded & (SLOW | {"chromadb", "onnxruntime", "jieba", "numpy", "pydantic", "yaml"}) == set()


def test_listing_documents_loads_no_model_and_no_vectors(sample_store):
    shown, loaded = loaded_after(RUN, "docs", "list", "--json", "--store", str(sample_store))
    assert len(json.loads(shown)) == 16
    assert loaded & (SLOW | {"chromadb", "onnxruntime", "jieba"}) == set()


@pytest.mark.parametrize(
    "question", ["贵州的数据中心规划了多少个机架", "貴州規劃了多少機架", "How many racks does Guizhou plan?"]
)
def test_an_answer_loads_none_of_the_slow_libraries(sample_store, question):
    shown, loaded = loaded_after(RUN, "ask", question, "--json", "--store", str(sample_store))
    assert json.loads(shown)["citations"]
    assert "onnxruntime" in loaded
    assert loaded & SLOW == set()


def test_a_module_is_read_in_one_sitting():
    """Files stay near 250 lines. A list of words or a table in code is no reading; 400 is where it ends."""
    long = {path.name: lines for package in LAYERS for path in (REPO / package).rglob("*.py")
            if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400}  # fmt: skip
    assert long == {}
