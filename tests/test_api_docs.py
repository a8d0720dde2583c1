"""Every example of docs/api.md runs as it stands, and its tables name what there is."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "api.md").read_text(encoding="utf-8")


def examples(language):
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    if language == "sh":
        return [line for block in blocks for line in re.sub(r"\\\n\s*", "", block).splitlines()]
    return blocks


@pytest.fixture(scope="module")
def filled(api):
    """Puts a running server's address and ids into an example."""
    address, engine, library = api
    job = library.fetch("https://example.org/first")

    def fill(text):
        text = text.replace("http://127.0.0.1:7860", address).replace("JOB_ID", job.id)
        return text.replace("DOC_ID", engine.documents()[0]["doc_id"])

    return fill


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_curl_examples_run(filled, tmp_path):
    (tmp_path / "notice.txt").write_text("通知", encoding="utf-8")
    lines = examples("sh")
    assert len(lines) >= 10 and all(line.startswith("curl ") for line in lines)
    for line in lines:
        done = subprocess.run(["bash", "-c", filled(line)], cwd=tmp_path, capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, line + done.stdout + done.stderr
        if '"stream"' in line:
            assert done.stdout.startswith("event: stage") and "event: answer" in done.stdout
        else:
            assert json.loads(done.stdout)


@pytest.mark.parametrize("example", examples("python"))
def test_the_python_examples_run(filled, example, capsys):
    pytest.importorskip("mcp" if "mcp" in example else "openai")
    exec(compile(filled(example), "docs/api.md", "exec"), {})
    assert "**引文**" in capsys.readouterr().out


def test_the_table_of_routes_is_whole(api):
    import httpx

    told = httpx.get(f"{api[0]}/v1/openapi.json").json()["paths"]
    for path, methods in told.items():
        path = re.sub(r"\{\w+\}", "{id}", path)
        for method in methods:
            assert f"`{method.upper()} /v1{path}`" in PAGE
