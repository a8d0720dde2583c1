"""The API over loopback: what the command line gives, in one piece and in events; documents; the way of an OpenAI client."""

import json

import httpx
import pytest

QUESTION = "贵州算力利用率如何"


@pytest.fixture(scope="module")
def client(api):
    with httpx.Client(base_url=api[0], timeout=30) as client:
        yield client


def without_times(answer):
    return {key: value for key, value in answer.items() if key != "timings_ms"}


def events_of(text):
    parts = [dict(line.split(": ", 1) for line in part.splitlines()) for part in text.split("\n\n") if part]
    return [(part["event"], json.loads(part["data"])) for part in parts]


def test_ask_gives_what_the_command_line_gives(client, api):
    history = [{"role": "user", "content": "贵州的算力规划是什么"}, {"role": "assistant", "content": "机架超30万个。"}]
    got = client.post("/v1/ask", json={"question": QUESTION, "history": history, "id": "q1", "lang": "zh"}).json()
    from app.types import Turn

    turns = [Turn(turn["role"], turn["content"]) for turn in history]
    assert without_times(got) == without_times(api[1].ask(QUESTION, turns, "zh").named("q1").to_json())
    cited = got["citations"][0]
    text = api[1].document(cited["doc_id"]).text
    assert text[cited["start"] : cited["end"]] == cited["quote"]


@pytest.mark.parametrize("way", [{"json": {"stream": True}}, {"json": {}, "headers": {"accept": "text/event-stream"}}])
def test_the_events_of_an_answer_come_in_order_and_end_with_it(client, way):
    way = {**way, "json": {"question": QUESTION, **way["json"]}}
    reply = client.post("/v1/ask", **way)
    assert reply.headers["content-type"].startswith("text/event-stream")
    events = events_of(reply.text)
    names = [name for name, _ in events]
    assert [value["stage"] for name, value in events if name == "stage"] == [
        "understand",
        "retrieve",
        "answer",
        "verify",
    ]
    assert names[-1] == "answer" and "sentence" in names
    sentences = [value for name, value in events if name == "sentence"]
    assert sentences == events[-1][1]["sentences"]
    assert without_times(events[-1][1]) == without_times(client.post("/v1/ask", json={"question": QUESTION}).json())


@pytest.mark.parametrize("stream", [True, False])
def test_a_question_that_cannot_be_used_is_told_with_its_status(client, stream):
    reply = client.post("/v1/ask", json={"question": "Какова загрузка?", "stream": stream})
    assert reply.status_code == 422 and reply.json()["error"]["code"] == "unusable"
    assert reply.json()["error"]["hint"] == "请改用中文或英文"


def test_search_by_body_and_by_address(client, api):
    from app.documents import hit_to_json

    by_body = client.post("/v1/search", json={"question": "算力利用率", "k": 3}).json()
    assert by_body == client.get("/v1/search", params={"q": "算力利用率", "k": 3}).json()
    assert by_body["hits"] == [hit_to_json(n, hit) for n, hit in enumerate(api[1].search("算力利用率", 3), 1)]
    assert len(by_body["hits"]) == 3


def test_documents_in_parts_and_their_text_in_pieces(client, api):
    first = client.get("/v1/documents", params={"limit": 5}).json()
    assert len(first["documents"]) == first["next"] == 5
    ids, offset = [], 0
    while offset is not None:
        part = client.get("/v1/documents", params={"limit": 5, "offset": offset}).json()
        ids += [row["doc_id"] for row in part["documents"]]
        offset = part["next"]
    assert ids == [row["doc_id"] for row in api[1].documents()] and len(ids) == first["total"]
    assert "text" not in client.get(f"/v1/documents/{ids[0]}").json()
    text, offset = "", 0
    while offset is not None:
        query = {"text": 1, "offset": offset, "limit": 200}
        piece = client.get(f"/v1/documents/{ids[0]}", params=query).json()["text"]
        assert len(piece["text"]) <= 200
        text, offset = text + piece["text"], piece["next"]
    assert text == api[1].document(ids[0]).text
    beyond = client.get(f"/v1/documents/{ids[0]}", params={"text": 1, "offset": 10**9}).json()["text"]
    assert beyond["text"] == "" and beyond["next"] is None
    assert client.get("/v1/documents/nothing").status_code == 404


def test_files_and_addresses_become_jobs(client, api):
    put = client.put("/v1/files", params={"name": "../通知.txt"}, content=iter([b"ab", b"c"]))
    posted = client.post("/v1/files", files={"file": ("通知.txt", b"abcd")})
    fetched = client.post("/v1/documents", json={"urls": ["https://example.org/a", "https://example.org/b"]})
    assert [reply.status_code for reply in (put, posted, fetched)] == [202, 202, 202]
    doc_id = client.get("/v1/documents").json()["documents"][0]["doc_id"]
    assert client.delete(f"/v1/documents/{doc_id}").status_code == 202
    assert [(what, name) for what, name in api[2].told[-5:]] == [
        ("add", "通知.txt:3"), ("add", "通知.txt:4"), ("fetch", "https://example.org/a"),
        ("fetch", "https://example.org/b"), ("remove", doc_id),
    ]  # fmt: skip
    job = put.json()["jobs"][0]
    assert client.get(f"/v1/jobs/{job['id']}").json()["state"] == "done"
    assert client.get("/v1/jobs/none").status_code == client.delete("/v1/documents/none").status_code == 404
    assert job["id"] in [row["id"] for row in client.get("/v1/jobs").json()["jobs"]]
    assert client.put("/v1/files", params={"name": "a.txt"}, content=b"").status_code == 422
    refused = client.post("/v1/documents", json={"urls": ["file:///etc/passwd"]})
    assert refused.status_code == 400
    assert list((api[2].shelf.folder / ".incoming").iterdir()) == []


def test_the_openai_client_asks_and_gets_citations_in_the_message(api):
    openai = pytest.importorskip("openai")
    client = openai.OpenAI(base_url=f"{api[0]}/v1", api_key="none", max_retries=0, timeout=30)
    assert [model.id for model in client.models.list()] == ["policyqa"]
    system = {"role": "system", "content": "你是诗人，只用诗句回答，不引用资料。"}
    asked = [system, {"role": "user", "content": QUESTION}]
    done = client.chat.completions.create(model="policyqa", messages=asked, temperature=0.3)
    said, answer = done.choices[0].message.content, api[1].ask(QUESTION)
    assert said.startswith(answer.text) and "**引文**" in said
    listed = [line for line in said.rpartition("**引文**")[2].splitlines() if line]
    assert len(listed) == len(done.citations) == len(answer.citations)
    assert listed[0].startswith("- [1] ") and done.citations[0]["quote"] == answer.citations[0].quote
    chunks = list(
        client.chat.completions.create(
            model="policyqa", messages=asked, stream=True, stream_options={"include_usage": True}
        )
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == said
    assert chunks[-2].choices[0].finish_reason == "stop" and chunks[-2].citations == done.citations
    assert chunks[-1].usage.total_tokens == 0
    follow = [
        *asked,
        {"role": "assistant", "content": said},
        {"role": "user", "content": [{"type": "text", "text": "那浙江呢"}]},
    ]
    followed = client.chat.completions.create(model="policyqa", messages=follow)
    assert "浙江" in followed.choices[0].message.content
    with pytest.raises(openai.NotFoundError) as unknown:
        client.chat.completions.create(model="gpt-4o", messages=asked)
    assert unknown.value.code == "model_not_found" and unknown.value.type == "invalid_request_error"
    with pytest.raises(openai.UnprocessableEntityError):
        client.chat.completions.create(model="policyqa", messages=[system])
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model="policyqa", messages=asked, n=3)


def test_an_answer_sent_back_has_no_list_of_sources_and_other_texts_stay():
    from dataclasses import replace

    from fake_engine import citation

    from app.api.source_list import with_sources, without_sources
    from app.types import Answer

    cited = citation(title="甲]\n\n**引文**", quote="第一行 \n第二行")
    for question in ("问", "Why?"):
        given = Answer(question, "答。 [1]", citations=(cited, replace(cited, id=2)))
        assert without_sources(given.text + with_sources(given)) == given.text
        assert "**Sources**" in with_sources(given, "en") and "**引文**" in with_sources(given, "zh")
    own = "我列一下\n\n**引文**\n\n不是清单"
    assert without_sources(own) == own


def test_ready_and_healthy(client):
    assert client.get("/readyz").json() == {"status": "ready"}
    assert client.get("/healthz").json()["status"] == "ok"
    told = client.get("/v1/openapi.json").json()
    assert "/ask" in told["paths"] and told["servers"] == [{"url": "/v1"}]
    assert client.get("/docs").status_code == 404 and client.get("/v1/docs").status_code == 404
    assert client.post("/v1/ask", json={"question": "a"}, headers={"origin": "http://evil.example"}).status_code == 403
    assert "access-control-allow-origin" not in client.options("/v1/ask").headers
