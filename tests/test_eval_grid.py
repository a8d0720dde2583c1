"""`policyqa eval grid` over pipelines of one small suite, and the seams that it turns: fusion, chunk size, thresholds."""

import json
from pathlib import Path

import numpy as np
import pytest

from app.engine import Engine
from app.retrieval.plan import Plan
from app.settings import load_settings
from eval.cells import make_cells, read_values
from eval.cli import run_arguments
from eval.grid import as_table, compare_rows, part_of
from eval.pipeline import FUSIONS, Pipeline
from ingest.embed import load_embedder
from ingest.errors import InputError, MissingPartError, StoreError
from ingest.pipeline import ingest_paths
from ingest.store import open_store
from ingest.text.split import CHUNK_SIZE, ChunkSize, split_blocks, split_chunks
from tests.small_embedder import SmallEmbedder

TEXT = "# 贵州简报\n\n" + "贵州规划的数据中心机架超30万个。2025年国内数据中心平均利用率约65%。" * 6 + "\n"
PLAN = Plan((), 1.0, {}, frozenset(), ())


def row(identifier, question, value, unit, comparator, scope, quote, reviewed=True):
    fact = {"id": "f", "vital": True, "type": "figure", "value": value, "unit": unit, "comparator": comparator}
    return {
        "id": identifier, "group_id": identifier, "variant": "canonical", "kind": "number", "question": question,
        "history": [], "answerable": True, "facts": [fact | {"scope": scope, "period": ""}], "must_not": [],
        "evidence": [{"source": "a.md", "quote": quote}], "reviewed": reviewed, "split": "dev",
    }  # fmt: skip


RACKS = row("racks", "贵州规划的数据中心机架有多少个？", 300000, "个", "超", "贵州", "规划的数据中心机架超30万个")
RATE = row("rate", "2025年全国数据中心平均利用率是多少？", 65, "%", "约", "全国", "国内数据中心平均利用率约65%", False)


@pytest.fixture
def suite(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.md").write_text(TEXT, encoding="utf-8")
    gold = tmp_path / "gold.jsonl"
    gold.write_text("\n".join(json.dumps(each, ensure_ascii=False) for each in (RACKS, RATE)), encoding="utf-8")
    return gold


def test_a_grid_shares_indexes_keeps_its_runs_and_tells_what_cannot_run(suite, monkeypatch, capsys):
    built = []

    class Counting(SmallEmbedder):
        def embed_passages_with_spans(self, texts, spans, on_progress=None):
            built.append(len(texts))
            return super().embed_passages_with_spans(texts, spans, on_progress)

    def load(name, *rest):
        if name == "absent":
            raise MissingPartError("缺少 absent")
        return Counting() if name == "bundled" else load_embedder(name, *rest)

    monkeypatch.setattr("app.build.load_embedder", load)
    arguments = ["grid", str(suite), "--set", "fusion=adaptive,rrf", "--set", "chunk=320/480,60/90", "--json"]
    assert run_arguments([*arguments, "--out", "g"], load_settings({})) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [each["cell"] for each in rows] == [
        "fusion=adaptive chunk=320/480", "chunk=60/90", "fusion=rrf", "fusion=rrf chunk=60/90",
    ]  # fmt: skip
    assert len(built) == 2 and built[1] > built[0]  # one index a chunk size, whatever the fusion
    assert [each["chunks"] for each in rows] == [built[0], built[1]] * 2
    assert all(each["n"] == 1 and each["index_bytes"] > 0 for each in rows)  # the row that nobody reviewed is left out
    assert "against_first" not in rows[0] and rows[3]["against_first"]["p"] == 1.0
    for each in rows:
        assert (Path(each["run"]) / "summary.json").is_file()
    assert run_arguments(["show", "racks", "--out", rows[3]["run"]], load_settings({})) == 0
    assert "超30万个" in capsys.readouterr().out

    assert run_arguments(["grid", str(suite), "--set", "embed=bundled,absent", "--out", "h"], load_settings({})) == 0
    table = capsys.readouterr().out
    assert "| embed=absent | 未运行：缺少 absent" in table and "| embed=bundled | 1 |" in table
    assert Path("h/grid.md").read_text(encoding="utf-8") == table


def test_unreviewed_rows_are_named_and_counted_only_when_asked(suite, capsys):
    settings = load_settings({})
    assert run_arguments([str(suite), "--json"], settings) == 0
    captured = capsys.readouterr()
    summary = json.loads(captured.out)
    assert (summary["n"], summary["unreviewed"]) == (1, ["rate"]) and "1 题未经审核" in captured.err
    assert run_arguments([str(suite), "--json", "--unreviewed"], settings) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 2
    assert run_arguments(["validate", str(suite), "--json"], settings) == 0
    assert json.loads(capsys.readouterr().out)["unreviewed"] == ["rate"]
    suite.write_text(json.dumps(RATE, ensure_ascii=False), encoding="utf-8")
    with pytest.raises(InputError, match="1 题都未经审核"):
        run_arguments([str(suite)], settings)


@pytest.mark.parametrize(
    ("name", "best_first"),
    [("adaptive", [2, 0, 1, 3]), ("dense", [0, 1, 2, 3]), ("words", [2, 0, 1, 3]), ("rrf", [0, 2, 1, 3])],
)
def test_each_fusion_ranks_as_it_says(name, best_first):
    dense, lexical = [0.9, 0.88, 0.87, 0.5], [3.0, 0.0, 9.0, 0.0]  # 0: words do not find it
    scores = FUSIONS[name](PLAN, dense, lexical)
    assert list(np.argsort(-scores, kind="stable")) == best_first
    assert abs(float(np.mean(scores))) < 1e-9  # in z-scores, which what is added later counts on


def test_reciprocal_ranks_are_of_both_lists():
    scores = FUSIONS["rrf"](PLAN, [0.9, 0.8], [0.0, 5.0])  # 1/61 + 0 against 1/62 + 1/61
    assert scores[1] > scores[0]


def test_the_engine_ranks_by_the_fusion_that_it_is_given(tmp_path):
    (tmp_path / "a.md").write_text(TEXT, encoding="utf-8")
    seen = []

    def watched(plan, dense, lexical):
        seen.append(len(dense))
        return np.zeros(len(dense))

    embedder = SmallEmbedder()
    with open_store(tmp_path / "store", embedder.name, embedder.dimension, writable=True) as store:
        ingest_paths([str(tmp_path / "a.md")], store, embedder)
        engine = Engine(store, embedder, fusion=watched)
        engine.search("数据中心利用率")
        engine.ask("数据中心利用率是多少？")
        engine.compare(["520000"], ["compute"])
    assert len(seen) >= 3 and all(seen)


def test_chunks_keep_to_the_size_asked_for_and_a_store_to_one_size(tmp_path):
    text, small = TEXT * 3, ChunkSize(60, 90)
    chunks = split_chunks("d", text, split_blocks(text), size=small)
    assert (
        max(len(chunk.text) for chunk in chunks)
        <= 90
        < max(len(chunk.text) for chunk in split_chunks("d", text, split_blocks(text)))
    )
    (tmp_path / "a.md").write_text(text, encoding="utf-8")
    embedder, given = SmallEmbedder(), [str(tmp_path / "a.md")]
    with open_store(tmp_path / "s", embedder.name, embedder.dimension, writable=True) as store:
        made = ingest_paths(given, store, embedder, size=small).chunks
    with open_store(tmp_path / "s", embedder.name, embedder.dimension, writable=True) as store:
        with pytest.raises(StoreError, match=r"60/90.*320/480"):
            ingest_paths(given, store, embedder)
        assert ingest_paths(given, store, embedder, size=small).unchanged == 1
        assert store.catalog.count()[1] == made > len(split_chunks("d", text, split_blocks(text)))


def test_cells_are_all_combinations_or_one_change_at_a_time():
    values = read_values(["fusion=adaptive, rrf，words", "rerank=late,none", "min_match=0.3"])
    assert len(make_cells(values, load_settings({}), False)) == 6
    cells = make_cells(values, load_settings({}), True)
    assert [cell.name for cell in cells] == [
        "fusion=adaptive rerank=late min_match=0.3", "fusion=rrf", "fusion=words", "rerank=none",
    ]  # fmt: skip
    assert cells[3].settings.rerank == "none" and cells[1].pipeline.fusion == "rrf"
    assert cells[0].pipeline == Pipeline() and Pipeline().size == CHUNK_SIZE


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("depth=3", "depth"), ("fusion=", "没有取值"), ("fusion=best", "best"), ("chunk=20", "chunk=20"),
        ("chunk=480/320", "480/320"), ("min_match=much", "much"), ("llm=set", "没有配置"), ("llm=nobody", "nobody"),
    ],
)  # fmt: skip
def test_what_cannot_be_set_is_told(given, told):
    with pytest.raises(InputError, match=told):
        make_cells(read_values([given]), load_settings({}), False)
    with pytest.raises(InputError, match="两次"):
        read_values(["rerank=late", "rerank=none"])


def _made(name, correct, **more):
    metric = {"value": 0.5, "n": 2, "interval": [0.1, 0.9]}
    names = ("accuracy", "recall_at_5", "key_fact_recall", "misattribution_rate", "abstention_recall",
             "over_refusal_rate", "latency_p50", "latency_p95")  # fmt: skip
    cases = [{"id": f"q{n}", "group_id": f"q{n}", "correct": right} for n, right in enumerate(correct)]
    row = {"cell": name, "n": 2, "metrics": dict.fromkeys(names, metric), "cases": cases, "chunks": 3, "index_bytes": 1}
    return row | more


def test_a_row_is_compared_with_the_first_case_by_case():
    first, second, third = compare_rows(
        [_made("a|<b>", [True] * 6), _made("c", [False] * 5 + [True]), {"cell": "d", "error": "没有模型"}]
    )
    assert second["against_first"] == {
        "lost": ["q0", "q1", "q2", "q3", "q4"],
        "won": [],
        "p": 0.0625,
        "p_groups": 0.0625,
    }
    assert "cases" not in second and "against_first" not in first
    table = as_table([first, second, third])
    assert "| a\\|&lt;b> |" in table and "| 5 / 0 | 0.062 | 0.062 |" in table and "未运行：没有模型" in table
    assert len({line.replace("\\|", "").count("|") for line in table.splitlines()}) == 1


def test_a_part_is_spread_over_the_whole():
    assert part_of(list(range(10)), 3) == [0, 3, 6]
    assert part_of([1, 2], 5) == part_of([1, 2], None) == [1, 2]
