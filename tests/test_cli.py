"""The command line: JSON contract, exit codes, one-line errors. In-process but for a few real runs."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from app.build import open_engine
from app.cli import main
from app.history.book import open_history
from app.settings import Settings, load_settings
from app.types import AbstainReason
from app.ui.chat import Conversation
from app.ui.chat import ask as page_ask

REPO = Path(__file__).resolve().parent.parent
CORPUS = REPO / "eval" / "suites" / "sample" / "corpus"


@pytest.fixture
def run(capsys, monkeypatch):
    """Run one command; return (exit code, stdout, stderr) and see that nothing ends in a traceback."""
    for name in [name for name in os.environ if name.startswith("POLICYQA_")]:
        if name != "POLICYQA_CACHE":
            monkeypatch.delenv(name)

    def command(*arguments):
        try:
            code = main([str(a) for a in arguments])
        except SystemExit as stop:
            code = stop.code
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return code, out, err

    return command


def refused(result, text, code=2):
    got, out, err = result
    assert got == code and text in err
    assert len(err.strip().splitlines()) == 1 and err.startswith("错误：") and out == ""


class TestErrors:
    @pytest.mark.parametrize("question", ["", "   ", "　"])
    def test_empty_question(self, run, sample_store, question):
        refused(run("ask", question, "--store", sample_store), "问题为空")

    @pytest.mark.parametrize("command", ["ask", "search"])
    def test_third_language(self, run, sample_store, command):
        refused(run(command, "貴州の利用率はいくらですか", "--store", sample_store), "中文和英文")

    def test_neither_or_both_of_question_and_file(self, run, sample_store, tmp_path):
        refused(run("ask", "--store", sample_store), "--file")
        refused(run("ask", "贵州", "--file", tmp_path, "--store", sample_store), "--file")

    def test_over_long_question(self, run, sample_store):
        code, out, _ = run("ask", "算力" * 1500 + "。贵州算力利用率如何？", "--store", sample_store)
        assert code == 0 and "问题较长" in out and "65%" in out  # what asks is answered, and that only it was is said

    @pytest.mark.parametrize(
        "arguments", [("ask", "贵州算力"), ("search", "贵州"), ("docs", "list"), ("docs", "show", "x")]
    )
    def test_missing_store(self, run, tmp_path, arguments):
        refused(run(*arguments, "--store", tmp_path / "none"), "没有找到索引")
        assert not (tmp_path / "none").exists()  # reading makes nothing

    def test_store_that_is_a_file(self, run, tmp_path):
        (tmp_path / "file").write_text("x", encoding="utf-8")
        refused(run("ask", "贵州算力", "--store", tmp_path / "file"), "没有找到索引")

    def test_damaged_store(self, run, tmp_path):
        (tmp_path / "catalog.sqlite3").write_bytes(b"not a database, not at all" * 100)
        refused(run("docs", "list", "--store", tmp_path), "损坏")

    def test_store_of_another_model(self, run, sample_store, tmp_path):
        import sqlite3

        shutil.copytree(sample_store, tmp_path / "store")
        with sqlite3.connect(tmp_path / "store" / "catalog.sqlite3") as database:
            changed = database.execute("UPDATE meta SET value = 'BAAI/bge-m3' WHERE key = 'model'").rowcount
        assert changed == 1
        code, out, err = run("ask", "贵州算力", "--store", tmp_path / "store")
        assert code == 2 and "BAAI/bge-m3" in err and not out

    @pytest.mark.parametrize("k", ["0", "-3", "201", "abc", "1.5"])
    def test_bad_k(self, run, sample_store, k):
        refused(run("search", "贵州", f"-k{k}", "--store", sample_store), "-k")

    @pytest.mark.parametrize("action", ["show", "remove"])
    def test_unknown_or_missing_document(self, run, sample_store, action):
        refused(run("docs", action, "nope", "--store", sample_store), "nope")
        refused(run("docs", action, "--store", sample_store), "文档编号")

    @pytest.mark.parametrize("path", ["", "no/such/path"])
    def test_bad_path(self, run, tmp_path, path):
        code, out, err = run("ingest", path, "--store", tmp_path / "store")
        refused((code, out, err), "路径")
        assert not (tmp_path / "store").exists()

    def test_binary_file(self, run, tmp_path):
        (tmp_path / "a.txt").write_bytes(bytes(range(256)) * 40)
        code, out, err = run("ingest", tmp_path / "a.txt", "--store", tmp_path / "store", "--json")
        assert code == 2 and "没有导入任何文档" in err
        assert json.loads(out)["skipped"][0]["source"].endswith("a.txt")

    @pytest.mark.parametrize(
        "content", [b"\xff\xfe\x00\x81" * 20, b"", b"  \n\n", b"not json\n", b'{"id": 1}\n', b"[1]\n", b'"x"\n']
    )
    def test_bad_question_file(self, run, sample_store, tmp_path, content):
        (tmp_path / "q.jsonl").write_bytes(content)
        refused(run("ask", "--file", tmp_path / "q.jsonl", "--store", sample_store), "q.jsonl")

    @pytest.mark.parametrize(
        "history", ["x", [1], [{"role": "system", "content": "x"}], [{"role": "user"}], {"role": "user"}]
    )
    def test_bad_history(self, run, sample_store, tmp_path, history):
        row = json.dumps({"id": 1, "question": "贵州", "history": history})
        (tmp_path / "q.jsonl").write_text(row, encoding="utf-8")
        refused(run("ask", "--file", tmp_path / "q.jsonl", "--store", sample_store), "history")

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("POLICYQA_LLM_MODEL", "x"),
            ("POLICYQA_LLM_BASE_URL", "http://127.0.0.1:1/v1"),
            ("POLICYQA_LLM_TIMEOUT", "soon"),
            ("POLICYQA_LLM_TIMEOUT", "0"),
            ("POLICYQA_LLM_TIMEOUT", "nan"),
            ("POLICYQA_LLM_RETRIES", "99"),
        ],
    )
    def test_bad_settings(self, run, sample_store, monkeypatch, name, value):
        monkeypatch.setenv(name, value)
        refused(run("ask", "贵州算力", "--store", sample_store), name.rsplit("_", 1)[0])

    @pytest.mark.parametrize(
        "arguments",
        [(), ("frob",), ("ask", "贵州", "--lang", "fr"), ("docs", "frob"), ("ingest",), ("serve", "--port", "x")],
    )
    def test_usage(self, run, arguments):
        refused(run(*arguments), "--help")

    def test_help_is_no_error(self, run):
        for arguments in (("--help",), ("ask", "--help"), ("ingest", "--help")):
            code, out, err = run(*arguments)
            assert code == 0 and "policyqa" in out and not err


SENTENCE = {"text": str, "citations": list, "support": str, "checks": dict}
CITATION = {
    "id": int, "doc_id": str, "source": str, "title": str, "issuer": str, "doc_number": str, "region": str, "date": str,
    "tier": str, "page": (int, type(None)), "start": int, "end": int, "quote": str, "validity": str,
}  # fmt: skip
FIGURE = {
    "indicator": str, "value": (int, float, list), "unit": str, "comparator": str, "scope": str, "period": str, "kind": str,
    "citation": int,
}  # fmt: skip
ANSWER = {
    "id": str, "question": str, "answer": str, "abstained": bool, "abstain_reason": str, "sentences": list, "citations": list,
    "figures": list, "model": str, "dropped": list, "usage": (dict, type(None)), "timings_ms": dict,
}  # fmt: skip
HIT = {
    "rank": int, "score": float, "doc_id": str, "chunk_id": str, "source": str, "title": str, "page": (int, type(None)),
    "start": int, "end": int, "text": str, "regions": list, "validity": str,
}  # fmt: skip


def shaped(record, shape):
    assert list(record) == list(shape)
    for key, kind in shape.items():
        assert isinstance(record[key], kind), key


def contract(answer, documents):
    """DESIGN 3: keys, types, and that every number in it points to something."""
    shaped(answer, ANSWER)
    assert list(answer["timings_ms"]) == ["understand", "retrieve", "rerank", "answer", "verify", "total"]
    assert all(isinstance(ms, float) and ms >= 0 for ms in answer["timings_ms"].values())
    ids = [c["id"] for c in answer["citations"]]
    assert ids == list(range(1, len(ids) + 1))
    for citation in answer["citations"]:
        shaped(citation, CITATION)
        assert documents[citation["doc_id"]][citation["start"] : citation["end"]] == citation["quote"]
    for sentence in answer["sentences"]:
        shaped(sentence, SENTENCE)
        assert set(sentence["checks"]) == {"numbers", "scope"} and sentence["support"] in {"supported", "partial"}
        assert sentence["citations"] and set(sentence["citations"]) <= set(ids)
    for figure in answer["figures"]:
        shaped(figure, FIGURE)
        assert figure["citation"] in ids and figure["kind"] in {"目标值", "实际值", "预测"}
    assert answer["abstained"] == bool(answer["abstain_reason"])
    assert answer["abstain_reason"] in get_args(AbstainReason)


@pytest.fixture(scope="module")
def documents(sample_store):
    with open_engine(load_settings({}, store=str(sample_store))) as engine:
        return {e.id: engine.document(e.id).text for e in engine.store.catalog.entries()}


class TestContracts:
    @pytest.mark.parametrize(
        "question",
        [
            "贵州算力利用率如何",
            "贵州算力产业规模是多少",
            "深圳和合肥的区别",
            "北京的AI布局",
            "What are Zhejiang's risks?",
            "北方省份的500亿为什么失败",
        ],
    )
    def test_ask(self, run, sample_store, documents, question):
        code, out, err = run("ask", question, "--store", sample_store, "--json")
        assert code == 0 and err == "" and out.count("\n") == 1
        answer = json.loads(out)
        contract(answer, documents)
        assert answer["question"] == question and answer["id"] == "" and answer["model"] == "extractive"

    def test_search(self, run, sample_store, documents):
        code, out, err = run("search", "贵州算力", "-k", "3", "--store", sample_store, "--json")
        result = json.loads(out)
        assert code == 0 and err == "" and list(result) == ["question", "hits"]
        assert [hit["rank"] for hit in result["hits"]] == [1, 2, 3]
        for hit in result["hits"]:
            shaped(hit, HIT)
            assert documents[hit["doc_id"]][hit["start"] : hit["end"]] == hit["text"]
            assert Path(hit["source"]).is_file()  # as given to ingest, so that it can be mapped to a gold file
        scores = [hit["score"] for hit in result["hits"]]
        assert scores == sorted(scores, reverse=True)

    def test_a_file_of_questions_keeps_order_ids_and_history(self, run, sample_store, documents, tmp_path):
        rows = [
            {"id": "b", "question": "贵州算力产业规模是多少"},
            {"id": 7, "question": "那浙江呢？", "history": [{"role": "user", "content": "广东的路线是什么"}]},
            {"id": "bad", "question": "貴州の利用率は"},
            {"question": "北京的AI布局"},
            {"id": "empty", "question": " "},
            {"id": "a", "question": "北方省份的500亿为什么失败"},
        ]
        path = tmp_path / "q.jsonl"
        path.write_text("\ufeff" + "\n\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
        code, out, err = run("ask", "--file", path, "--store", sample_store, "--json")
        answers = [json.loads(line) for line in out.splitlines()]
        assert [a["id"] for a in answers] == ["b", "7", "bad", "", "empty", "a"]
        assert code == 2 and [line[:3] for line in err.splitlines()] == ["错误：", "错误："]
        for answer in answers:
            if answer["id"] in {"bad", "empty"}:
                assert set(answer) == {"id", "question", "error"}
            else:
                contract(answer, documents)
        assert "未来产业" in answers[1]["answer"]

    def test_search_takes_a_file_too(self, run, sample_store, tmp_path):
        path = tmp_path / "q.jsonl"
        path.write_text('{"id": "1", "question": "贵州"}\n{"id": "2", "question": "合肥量子"}\n', encoding="utf-8")
        code, out, _ = run("search", "--file", path, "-k", "2", "--store", sample_store, "--json")
        results = [json.loads(line) for line in out.splitlines()]
        assert code == 0 and [r["id"] for r in results] == ["1", "2"] and [len(r["hits"]) for r in results] == [2, 2]

    def test_text_answers_show_their_sources(self, run, sample_store):
        code, out, err = run("ask", "贵州算力产业规模是多少", "--store", sample_store)
        assert code == 0 and err == "" and "120亿元" in out and "引文：" in out and "01_guizhou.md:" in out
        code, out, _ = run("search", "贵州", "-k", "1", "--store", sample_store)
        assert code == 0 and out.startswith("1. [")

    def test_lang_option_answers_in_the_other_language(self, run, sample_store):
        code, out, _ = run("ask", "贵州算力利用率如何", "--lang", "en", "--store", sample_store, "--json")
        assert code == 0 and json.loads(out)["answer"].startswith("No source discloses")
        _, out, _ = run("ask", "贵州算力利用率如何", "--lang", "en", "--store", sample_store)
        assert "\nSources:\n[1] " in out and "(2026-01-15, self-published) " in out and "引文" not in out

    def test_documents_are_listed_shown_and_removed(self, run, sample_store, tmp_path):
        shutil.copytree(sample_store, tmp_path / "store")
        store = tmp_path / "store"
        code, out, err = run("docs", "list", "--store", store, "--json")
        rows = json.loads(out)
        assert code == 0 and not err and len(rows) == len(list(CORPUS.glob("*.md")))
        assert {"doc_id", "source", "title", "health"} <= set(rows[0])
        guizhou = next(row for row in rows if "贵州" in row["title"])
        code, out, _ = run("docs", "show", guizhou["doc_id"], "--text", "--store", store)
        assert code == 0 and "平均利用率约65%" in out
        code, out, _ = run("docs", "remove", guizhou["doc_id"], "--store", store, "--json")
        assert code == 0 and json.loads(out)["doc_id"] == guizhou["doc_id"] and Path(guizhou["source"]).is_file()
        assert run("docs", "show", guizhou["doc_id"], "--store", store)[0] == 2
        code, out, _ = run("ask", "贵州算力产业规模是多少", "--store", store, "--json")
        assert code == 0 and json.loads(out)["abstained"] and "120亿" not in out

    def test_ingest_summary(self, run, tmp_path):
        (tmp_path / "docs").mkdir()
        shutil.copy(CORPUS / "07_hefei.md", tmp_path / "docs")
        for expected in ({"added": 1, "unchanged": 0}, {"added": 0, "unchanged": 1}):
            code, out, _ = run("ingest", tmp_path / "docs", "--store", tmp_path / "store", "--json")
            summary = json.loads(out)
            assert code == 0 and expected.items() <= summary.items()
            assert list(summary) == [
                "added",
                "updated",
                "unchanged",
                "removed",
                "skipped",
                "linked",
                "flagged",
                "repaired",
                "chunks",
                "chars",
                "seconds",
            ]


class TestRealRuns:
    """The same from a shell: what in-process tests cannot see (imports, stdout of libraries, exit status)."""

    def shell(self, *arguments, cwd=REPO):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("POLICYQA_") or k == "POLICYQA_CACHE"}
        done = subprocess.run(
            [sys.executable, "-m", "app", *map(str, arguments)],
            capture_output=True,
            cwd=cwd,
            env=environment,
            timeout=300,
            check=False,
        )
        return done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8")

    def test_json_alone_on_stdout(self, sample_store):
        code, out, err = self.shell("ask", "贵州算力利用率如何", "--store", sample_store, "--json")
        answer = json.loads(out)
        assert code == 0 and answer["abstain_reason"] == "wrong_scope" and err == ""

    def test_an_error_is_one_line_and_exit_status_2(self, sample_store):
        code, out, err = self.shell("ask", "Quel est le taux du Guizhou ?", "--store", sample_store)
        assert (code, out) == (2, "") and len(err.splitlines()) == 1

    def test_the_default_ask_loads_no_heavy_library(self, sample_store):
        """DESIGN 4.8: neither torch, sentence_transformers, gradio, openai nor llama_index."""
        script = (
            "import sys; from app.cli import main; code = main(sys.argv[1:]);"
            "heavy = {'torch', 'sentence_transformers', 'gradio', 'openai', 'llama_index', 'transformers'} & set(sys.modules);"
            "sys.exit(code or (f'loaded {heavy}' if heavy else 0))"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, "ask", "贵州算力利用率如何", "--store", str(sample_store)],
            capture_output=True, cwd=REPO, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode("utf-8")

    def test_a_reader_that_goes_away_is_no_error(self, sample_store):
        command = f"{sys.executable} -m app docs list --store {sample_store} | true; exit ${{PIPESTATUS[0]}}"
        done = subprocess.run(["bash", "-c", command], capture_output=True, cwd=REPO, timeout=300, check=False)
        assert done.returncode == 0 and b"Traceback" not in done.stderr


class TestHistory:
    @pytest.fixture
    def asked(self, run, sample_store, tmp_path, monkeypatch):
        monkeypatch.setenv("POLICYQA_HISTORY", str(tmp_path / "history.sqlite3"))
        monkeypatch.setenv("POLICYQA_STORE", str(sample_store))
        with open_engine(Settings(store=sample_store)) as engine, open_history(tmp_path / "history.sqlite3") as book:
            *_, now = page_ask(engine, Conversation(), "贵州算力利用率如何", None, book)
        return now

    def test_listed_exported_replayed_removed(self, run, asked, tmp_path):
        code, out, _ = run("history", "list", "--json")
        assert code == 0 and [row["id"] for row in json.loads(out)] == [asked.id]
        for name in ("a.md", "a.docx"):
            code, out, _ = run("history", "export", asked.id, "--out", tmp_path / name)
            assert code == 0 and (tmp_path / name).stat().st_size > 500 and name in out
        text = (tmp_path / "a.md").read_text(encoding="utf-8")
        assert "全国口径" in text and "65%" in text and asked.exchanges[0].kept in text
        code, out, _ = run("history", "replay", asked.exchanges[0].kept, "--json")
        result = json.loads(out)
        assert code == 0 and result["same"] and result["changed"] == [] and result["now"]["citations"]
        for added in (True, False):
            code, out, _ = run("history", "candidate", asked.exchanges[0].kept, "--out", tmp_path / "c.jsonl", "--json")
            assert code == 0 and json.loads(out)["added"] is added
        assert len((tmp_path / "c.jsonl").read_text(encoding="utf-8").splitlines()) == 1
        assert run("history", "remove", asked.id)[0] == 0
        assert json.loads(run("history", "list", "--json")[1]) == []

    def test_bad_use_is_one_line(self, run, asked, tmp_path, monkeypatch):
        refused(run("history", "export"), "history list")
        refused(run("history", "export", "c0"), "history list")
        refused(run("history", "export", asked.id, "--out", tmp_path / "a.pdf"), ".docx")
        refused(run("history", "export", asked.id, "--out", tmp_path / "nowhere" / "a.md"), "目录")
        refused(run("history", "replay", "r0"), "r0123456789abcdef")
        refused(run("history", "candidate", "r0"), "r0123456789abcdef")
        monkeypatch.setenv("POLICYQA_HISTORY", "off")
        refused(run("history", "list"), "POLICYQA_HISTORY")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["serve", "--port", "abc"], "--port 'abc' 不是数字"),
        (["ingest", ".", "--engine", "x"], "--engine 不能是 'x'，可用的有 'local'、'ray'"),
        (["search", "q", "-k"], "-k 后面要跟一个值"),
        (["store"], "缺少 action"),
        (["ask", "a", "b"], "不认识 b"),
        (["eval", "sample", "--jobs", "x"], "--jobs 'x' 无效"),
    ],
)
def test_wrong_arguments_are_told_in_chinese(arguments, said, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    told = capsys.readouterr().err
    assert ended.value.code == 2 and f"错误：参数有误：{said}（" in told and "argument" not in told


def test_a_folder_of_another_user_is_told_in_one_line(monkeypatch, capsys, tmp_path):
    def shut(*_, **__):
        raise PermissionError(13, "Permission denied", "store/catalog.sqlite3")

    monkeypatch.setattr("ingest.store.current", shut)  # as root no folder is shut
    monkeypatch.setattr("app.operations.checks.current", shut)
    assert main(["docs", "list", "--store", str(tmp_path)]) == 2
    assert "没有权限读写 store/catalog.sqlite3" in capsys.readouterr().err
    assert main(["doctor", "--store", str(tmp_path), "--url", "http://127.0.0.1:9"]) == 0
    assert f"[注意] 索引：没有权限读取 {tmp_path}" in capsys.readouterr().out
