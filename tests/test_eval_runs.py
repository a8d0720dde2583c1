"""How a suite is asked: by several processes or one, from recorded answers or anew; and the baseline that is written."""

import json
import os

import pytest
from eval_suite import write_suite

from app.cli import main
from eval.answer_cache import AnswerCache
from eval.gold import load_suite
from ingest.errors import PolicyQAError


@pytest.fixture
def suite(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return write_suite(tmp_path)


def _eval(*words):
    return main(["eval", *map(str, words)])


def _trace(suite, folder):
    lines = (suite.parent / folder / "trace.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def _settings(suite, folder):
    return json.loads((suite.parent / folder / "settings.json").read_text(encoding="utf-8"))


def _said(row):
    answer = {key: value for key, value in row["answer"].items() if key != "timings_ms"}
    return {**row, "answer": answer, "seconds": 0, "jobs": 0, "cached": False}


def refuse(*_):
    raise AssertionError("asked though the answer is recorded")


def die(*_):
    os._exit(9)


def test_two_processes_give_the_rows_of_one_and_say_that_times_are_disturbed(suite, capsys):
    files = {}
    for jobs in (1, 2):
        assert _eval(suite, "--fresh", "--jobs", jobs, "--out", f"j{jobs}") == 0
        shown = capsys.readouterr().out
        assert ("互有干扰" in shown) == (jobs == 2)
        settings = _settings(suite, f"j{jobs}")
        assert (settings["jobs"], settings["disturbed"], settings["cached"]) == (jobs, 2 if jobs == 2 else 0, 0)
        (catalog,) = (suite.parent / ".policyqa" / "eval").glob("*/catalog.sqlite3")
        files[jobs] = catalog.read_bytes()
    one, two = _trace(suite, "j1"), _trace(suite, "j2")
    assert [row["id"] for row in two] == ["racks", "rate"]
    assert list(map(_said, one)) == list(map(_said, two))
    assert files[1] == files[2]  # readers change nothing


def test_a_process_that_dies_is_an_error_and_the_run_is_none(suite, monkeypatch, capsys):
    monkeypatch.setattr("eval.asking._ask", die)
    assert _eval(suite, "--jobs", 2, "--out", "dead") == PolicyQAError.exit_code
    assert "进程意外结束：2 题中收到 0 题" in capsys.readouterr().err.splitlines()[-1]
    assert not (suite.parent / "dead" / "summary.json").exists()


def test_recorded_answers_stand_for_asking_until_something_changes(suite, monkeypatch, capsys):
    assert _eval(suite, "--out", "first", "--jobs", 1) == 0
    with monkeypatch.context() as patched:
        patched.setattr("eval.run.ask_case", refuse)
        assert _eval(suite, "--out", "again") == 0
        assert "2 题取自记录下的回答" in capsys.readouterr().out
        with pytest.raises(AssertionError, match="recorded"):
            _eval(suite, "--fresh", "--out", "fresh", "--jobs", 1)
    first, again = _trace(suite, "first"), _trace(suite, "again")
    assert [row["seconds"] for row in again] == [row["seconds"] for row in first]  # as measured
    assert (_settings(suite, "again")["cached"], [row["cached"] for row in again]) == (2, [True, True])
    assert list(map(_said, first)) == list(map(_said, again))

    def cached(*words):
        folder = f"run{len(list(suite.parent.iterdir()))}"
        assert _eval(suite, "--out", folder, "--jobs", 1, *words) == 0
        return [row["cached"] for row in _trace(suite, folder)]

    rows = suite.read_text(encoding="utf-8")
    suite.write_text(rows.replace("机架有多少个", "机架有几个"), encoding="utf-8")
    assert cached() == [False, True]
    monkeypatch.setenv("POLICYQA_RERANK", "none")
    assert cached() == [False, False]
    monkeypatch.delenv("POLICYQA_RERANK")
    assert cached() == [True, True]
    text = suite.parent / "corpus" / "a.md"
    text.write_text(text.read_text(encoding="utf-8") + "\n另有一句。\n", encoding="utf-8")
    assert cached() == [False, False]
    monkeypatch.setattr("eval.answer_cache.REPOSITORY", suite.parent)
    (suite.parent / "app").mkdir()
    (suite.parent / "app" / "x.py").write_text("1", encoding="utf-8")
    assert cached() == [False, False]
    assert cached() == [True, True]
    (suite.parent / "app" / "x.py").write_text("2", encoding="utf-8")
    assert cached() == [False, False]


def test_no_secret_stands_in_a_run_and_what_changes_no_answer_asks_nothing_anew(suite, monkeypatch, capfd):
    canaries = {
        "POLICYQA_LLM_BASE_URL": "http://canaryuser:canarypass@127.0.0.1:9/canarypath?key=canaryquery",
        "POLICYQA_LLM_MODEL": "small", "POLICYQA_LLM_API_KEY": "canarykey", "POLICYQA_LLM_RETRIES": "0",
        "POLICYQA_LLM_EXTRA": '{"token": "canaryextra"}', "POLICYQA_OIDC_ISSUER": "https://sso.example.org",
        "POLICYQA_OIDC_CLIENT_ID": "canaryclient", "POLICYQA_OIDC_CLIENT_SECRET": "canarysecret",
        "POLICYQA_PUBLIC_URL": "https://policies.example.org",
    }  # fmt: skip
    for name, value in canaries.items():
        monkeypatch.setenv(name, value)
    assert _eval(suite, "--out", "told", "--jobs", 1) == 0
    assert _eval("score", "told", "--json") == 0
    said = "".join(capfd.readouterr())
    files = [path.read_text(encoding="utf-8") for path in (suite.parent / "told").iterdir()]
    assert len(files) > 4 and "127.0.0.1" in said
    assert "canary" not in "".join((said, *files))
    kept = _settings(suite, "told")["settings"]
    assert (kept["llm_host"], kept["llm_model"], kept["rerank"]) == ("127.0.0.1", "small", "late")

    for name in canaries:
        monkeypatch.delenv(name)
    assert _eval(suite, "--out", "plain", "--jobs", 1) == 0
    monkeypatch.setenv("POLICYQA_RATE", "7/minute")
    monkeypatch.setenv("POLICYQA_HISTORY", "off")
    assert _eval(suite, "--out", "same", "--jobs", 1) == 0
    assert [row["cached"] for row in _trace(suite, "same")] == [True, True]


def _row(**fields):
    return {"id": "x", "answer": {"id": "x", "model": "extractive"}, "error": "", "jobs": 1, "cached": False, **fields}


def test_the_cache_keeps_what_is_sound_and_forgets_what_is_old(suite, tmp_path, monkeypatch):
    first, second = load_suite(suite)
    cache = AnswerCache(tmp_path / "kept", "s")
    cache.keep([(first, _row()), (second, _row(answer=None, error="no"))])
    path = tmp_path / "kept" / "s.jsonl"
    path.write_text(path.read_text(encoding="utf-8") + '{"cut": ', encoding="utf-8")
    read = AnswerCache(tmp_path / "kept", "s")
    assert read.get(first)["answer"]["id"] == read.get(first)["id"] == "racks"
    assert read.get(second) is None
    read.keep([(second, _row(answer={"id": "x", "model": "extractive (LLM failed: timeout)"}))])
    assert AnswerCache(tmp_path / "kept", "s").get(second) is None

    monkeypatch.setattr("eval.answer_cache.FILES", 3)
    for number in range(5):
        AnswerCache(tmp_path / "kept", f"t{number}").keep([(first, _row())])
        os.utime(tmp_path / "kept" / f"t{number}.jsonl", (1000 + number, 1000 + number))
    os.utime(path, (1, 1))
    AnswerCache(tmp_path / "kept", "last").keep([(first, _row())])
    assert sorted(p.stem for p in (tmp_path / "kept").iterdir()) == ["last", "t3", "t4"]
    monkeypatch.setattr("eval.answer_cache.BYTES", 10)
    AnswerCache(tmp_path / "kept", "last").keep([])
    assert [p.stem for p in (tmp_path / "kept").iterdir()] == ["last"]


def test_a_written_baseline_is_the_gates_and_what_is_lost_is_named(suite, monkeypatch, capsys):
    assert _eval(suite, "--out", "first", "--write-baseline") == 0
    held = json.loads((suite.parent / "baseline.json").read_text(encoding="utf-8"))
    assert {name: case["correct"] for name, case in held["cases"].items()} == {"racks": True, "rate": True}
    assert _eval(suite, "--gate", "--out", "same") == 0
    capsys.readouterr()

    rows = [json.loads(line) for line in suite.read_text(encoding="utf-8").splitlines()]
    new = {**rows[0], "id": "new", "group_id": "new"}
    rows[1]["facts"][0]["period"] = "2024"  # so that it is wrong now
    suite.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in (*rows, new)), encoding="utf-8")
    assert _eval(suite, "--gate", "--out", "worse") == 3
    said = capsys.readouterr().err.splitlines()
    assert "基线是按另一版题目写的，只比共有的题：新增 1 题（new），改动 1 题（rate）" in said
    assert "变错 1 题：rate" in said
    summary = json.loads((suite.parent / "worse" / "summary.json").read_text(encoding="utf-8"))
    assert summary["drift"] == {"new": ["new"], "removed": [], "changed": ["rate"]}
    shown = (suite.parent / "worse" / "summary.md").read_text(encoding="utf-8")
    assert "- 题目与写基线时相比新增 1 题：`new`" in shown
    assert "门槛未过：比基线少对 1 题：变错 rate；变对 无" in said
    assert _eval("score", "worse", "--gate") == 3
    assert _eval("score", "worse", "--write-baseline") == 0
    assert _eval("score", "worse", "--gate") == 0

    suite.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in (rows[0], new)), encoding="utf-8")
    capsys.readouterr()
    assert _eval(suite, "--gate", "--out", "fewer") == 3
    assert "门槛未过：基线中有 1 题不在本次运行中：rate；删题或改编号时，同时重写基线" in capsys.readouterr().err


def test_texts_that_are_not_here_are_an_error_or_a_reason_to_skip(suite, monkeypatch, capsys):
    (suite.parent / "corpus").rename(suite.parent / "elsewhere")
    place = 'environment = "SOME_TEXTS"\nbeside = "no/such/folder"\n'
    (suite.parent / "corpus.toml").write_text(place, encoding="utf-8")
    monkeypatch.delenv("SOME_TEXTS", raising=False)
    assert _eval(suite, "--gate") == 2
    assert _eval(suite, "--gate", "--skip-absent") == 0
    assert capsys.readouterr().err.splitlines()[-1].startswith("跳过：评测套件没有语料目录：")
    monkeypatch.setenv("SOME_TEXTS", str(suite.parent / "wrong"))
    assert _eval(suite, "--gate", "--skip-absent") == 2  # somebody named them
