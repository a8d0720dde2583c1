"""The MCP tools, as a real client finds them: over HTTP beside the page, and on stdin and stdout."""

import asyncio
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parent.parent
QUESTION = "贵州算力利用率如何"
pytest.importorskip("mcp")


async def use(client, engine):
    from mcp import MCPError

    tools = (await client.list_tools()).tools
    assert {tool.name for tool in tools} == {"ask", "search", "read_source"}
    assert all(tool.annotations.read_only_hint and tool.description for tool in tools)
    asked = await client.call_tool("ask", {"question": QUESTION})
    expected = engine.ask(QUESTION)
    assert asked.content[0].text.startswith(expected.text) and "**引文**" in asked.content[0].text
    cited = asked.structured_content["citations"][0]
    assert cited["quote"] == expected.citations[0].quote
    found = await client.call_tool("search", {"question": "算力利用率", "k": 2})
    assert (
        len(found.structured_content["hits"]) == 2
        and found.structured_content["hits"][0]["doc_id"] in found.content[0].text
    )
    span = {"doc_id": cited["doc_id"], "offset": cited["start"], "limit": cited["end"] - cited["start"]}
    read = await client.call_tool("read_source", span)
    assert read.content[0].text == cited["quote"] and read.structured_content["text"]["next"] == cited["end"]
    for name, wrong in [
        ("read_source", {"doc_id": "none"}),
        ("search", {"question": "a", "k": 0}),
        ("ask", {"question": "Какова?"}),
    ]:
        try:
            refused = await client.call_tool(name, wrong)
        except MCPError as error:
            assert "Traceback" not in str(error)
        else:
            assert refused.is_error and "Traceback" not in refused.content[0].text


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_over_http(api, mode):
    from mcp import Client

    async def main():
        async with Client(f"{api[0]}/mcp", mode=mode) as client:
            await use(client, api[1])

    asyncio.run(asyncio.wait_for(main(), 30))


def test_on_stdin_and_stdout(api, sample_store):
    from mcp import Client, StdioServerParameters, stdio_client

    server = StdioServerParameters(
        command=sys.executable, args=["-m", "app", "mcp", "--store", str(sample_store)], cwd=REPO
    )

    async def main():
        async with Client(stdio_client(server)) as client:
            await use(client, api[1])

    asyncio.run(asyncio.wait_for(main(), 60))


def test_without_the_library_one_line_says_how_to_get_it(monkeypatch, capsys, sample_store):
    import httpx
    from fake_engine import FakeEngine

    from app.api import tools
    from app.api.limits import Bounds
    from app.api.work import Work
    from app.cli import main

    monkeypatch.setattr(tools, "installed", lambda: False)
    assert main(["mcp", "--store", str(sample_store)]) == 2
    assert 'pip install "policyqa[mcp]"' in capsys.readouterr().err
    endpoint = tools.Mcp(FakeEngine(), Work(Bounds()))

    async def ask():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(endpoint), base_url="http://127.0.0.1") as client:
            return await client.post("/mcp", json={})

    reply = asyncio.run(ask())
    assert reply.status_code == 501 and reply.json()["error"]["hint"] == 'pip install "policyqa[mcp]"'


def test_a_caller_gets_no_more_over_mcp_than_over_http():
    import httpx
    from fake_engine import FakeEngine

    from app.access.caller import SCOPE_KEY, Caller
    from app.api.limits import Bounds
    from app.api.tools import Mcp
    from app.api.work import Work

    engine = FakeEngine()
    endpoint = Mcp(engine, Work(Bounds()))

    async def asked_by(scope, receive, send):
        scope[SCOPE_KEY] = Caller("r", "reader", frozenset({"a"}))
        await endpoint(scope, receive, send)

    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "ask", "arguments": {"question": "问"}},
    }
    headers = {"accept": "application/json, text/event-stream"}

    async def main():
        transport = httpx.ASGITransport(asked_by)
        async with endpoint.running(), httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.post("/mcp", json=call, headers=headers)

    result = asyncio.run(main()).json()["result"]
    assert not result.get("isError") and engine.narrowed == [frozenset({"a"})] and engine.seen
