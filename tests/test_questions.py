import json

import pytest

from app.questions import read_questions
from ingest.errors import InputError


def test_a_line_ends_at_a_line_feed_only(tmp_path):
    path = tmp_path / "q.jsonl"
    rows = [{"id": "1", "question": "贵州\u2028算力\x85利用率"}, {"id": 2, "question": "浙江呢"}]
    path.write_text("\r\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8", newline="")
    assert [(q.id, q.question) for q in read_questions(str(path))] == [
        ("1", "贵州\u2028算力\x85利用率"), ("2", "浙江呢"),
    ]  # fmt: skip


@pytest.mark.parametrize("history", ["[" * 50_000 + "]" * 50_000, "1" * 5_000, "{"])
def test_json_beyond_all_bounds_is_bad_input(tmp_path, history):
    path = tmp_path / "q.jsonl"
    path.write_text(f'{{"id": "1", "question": "x", "history": {history}}}', encoding="utf-8")
    with pytest.raises(InputError, match="第 1 行"):
        read_questions(str(path))
