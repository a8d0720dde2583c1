"""The pipeline as LlamaIndex parts, so that its ecosystem (agents, evaluators, chat engines) plugs in.

Splitter, embedder, retriever, query and chat engine wrap the functions that the product itself uses; nothing here is on the
path of `policyqa ask`, and LlamaIndex's global Settings are neither read nor set.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from threading import Thread
from typing import Any, Literal

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.base.response.schema import RESPONSE_TYPE, Response
from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.callbacks import CallbackManager
from llama_index.core.chat_engine.types import AgentChatResponse, BaseChatEngine, StreamingAgentChatResponse
from llama_index.core.llms import ChatMessage, ChatResponse, MessageRole
from llama_index.core.memory import BaseMemory, Memory
from llama_index.core.node_parser import NodeParser
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import BaseNode, NodeWithScore, QueryBundle, TextNode

from app.engine import Engine
from app.spoken import spoken
from app.types import Answer, Citation, Hit, Turn
from ingest.embed import Embedder
from ingest.text.split import split_blocks, split_chunks


class PolicyEmbedding(BaseEmbedding):
    """The store's embedding model as a LlamaIndex embedding."""

    _embedder: Embedder = PrivateAttr()

    def __init__(self, embedder: Embedder, **kwargs: Any) -> None:
        super().__init__(model_name=embedder.name, **kwargs)
        self._embedder = embedder

    def _get_query_embedding(self, query: str) -> list[float]:
        return [float(x) for x in self._embedder.embed_queries([query])[0]]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return [[float(x) for x in row] for row in self._embedder.embed_passages(texts)]


class PolicyNodeParser(NodeParser):
    """The structure-aware Chinese splitter as a LlamaIndex node parser; nodes carry exact character offsets."""

    def _parse_nodes(self, nodes: Sequence[BaseNode], show_progress: bool = False, **kwargs: Any) -> list[BaseNode]:
        parsed: list[BaseNode] = []
        for node in nodes:
            text = node.get_content()
            for chunk in split_chunks(node.node_id, text, split_blocks(text)):
                metadata = {**node.metadata, "headings": " > ".join(chunk.headings)}
                parsed.append(
                    TextNode(
                        id_=chunk.id,
                        text=chunk.text,
                        metadata=metadata,
                        start_char_idx=chunk.start,
                        end_char_idx=chunk.end,
                    )
                )
        return parsed


class PolicyRetriever(BaseRetriever):
    """The hybrid retriever as a LlamaIndex retriever."""

    def __init__(self, engine: Engine, k: int = 10, callback_manager: CallbackManager | None = None) -> None:
        self._engine, self._k = engine, k
        super().__init__(callback_manager=callback_manager)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [_node_of_hit(hit) for hit in self._engine.search(query_bundle.query_str, self._k)]


class PolicyQueryEngine(BaseQueryEngine):
    """The verified answer chain as a LlamaIndex query engine; `response.metadata` is the JSON contract's answer."""

    def __init__(self, engine: Engine, callback_manager: CallbackManager | None = None) -> None:
        self._engine = engine
        super().__init__(callback_manager=callback_manager)

    def _query(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        answer: Answer = self._engine.ask(query_bundle.query_str)
        nodes = [_node_of_citation(citation) for citation in answer.citations]
        return Response(response=answer.text, source_nodes=nodes, metadata=answer.to_json())

    async def _aquery(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        return self._query(query_bundle)

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}


class PolicyChatEngine(BaseChatEngine):
    """The verified answer chain as a LlamaIndex chat engine: follow-up questions are understood from the history.

    A streamed answer comes sentence by sentence, each checked before it is sent; `response.metadata` of `chat` is the
    JSON contract's answer. `memory` may be any LlamaIndex memory.
    """

    def __init__(self, engine: Engine, memory: BaseMemory | None = None) -> None:
        self._engine = engine
        self._memory = memory or Memory.from_defaults()

    @property
    def chat_history(self) -> list[ChatMessage]:
        """All messages so far, oldest first."""
        return list(self._memory.get_all())

    def reset(self) -> None:
        """Forget the conversation."""
        self._memory.reset()

    def chat(self, message: str, chat_history: list[ChatMessage] | None = None) -> AgentChatResponse:
        """Answer a message; `chat_history` replaces the conversation so far. Raises InputError."""
        answer = self._engine.ask(message, self._turns(chat_history))
        self._memory.put(ChatMessage(role=MessageRole.USER, content=message))
        self._memory.put(ChatMessage(role=MessageRole.ASSISTANT, content=answer.text))
        nodes = [_node_of_citation(citation) for citation in answer.citations]
        return AgentChatResponse(response=answer.text, source_nodes=nodes, metadata=answer.to_json())

    def stream_chat(self, message: str, chat_history: list[ChatMessage] | None = None) -> StreamingAgentChatResponse:
        """Answer a message piece by piece; its sources are known once the stream has ended. Raises InputError there."""
        turns = self._turns(chat_history)
        self._memory.put(ChatMessage(role=MessageRole.USER, content=message))
        response = StreamingAgentChatResponse()
        response.chat_stream = self._spoken(message, turns, response)
        thread = Thread(target=response.write_response_to_history, args=(self._memory,), daemon=True)
        response.write_response_to_history_thread = thread
        thread.start()
        return response

    async def achat(self, message: str, chat_history: list[ChatMessage] | None = None) -> AgentChatResponse:
        """Answer a message without blocking the event loop."""
        return await asyncio.to_thread(self.chat, message, chat_history)

    async def astream_chat(
        self, message: str, chat_history: list[ChatMessage] | None = None
    ) -> StreamingAgentChatResponse:
        """Answer a message piece by piece without blocking the event loop."""
        turns = self._turns(chat_history)
        await self._memory.aput(ChatMessage(role=MessageRole.USER, content=message))
        response = StreamingAgentChatResponse()
        response.achat_stream = _aside(self._spoken(message, turns, response))
        response._ensure_async_setup()
        response.awrite_response_to_history_task = asyncio.create_task(
            response.awrite_response_to_history(self._memory)
        )
        return response

    def _turns(self, chat_history: list[ChatMessage] | None) -> list[Turn]:
        if chat_history is not None:
            self._memory.set(chat_history)
        roles: dict[MessageRole, Literal["user", "assistant"]] = {
            MessageRole.USER: "user",
            MessageRole.ASSISTANT: "assistant",
        }
        return [Turn(roles[m.role], m.content or "") for m in self.chat_history if m.role in roles]

    def _spoken(self, message: str, turns: list[Turn], response: StreamingAgentChatResponse) -> Iterator[ChatResponse]:
        """The answer in pieces, as app.spoken gives them."""
        said = ""
        for piece in spoken(self._engine.stream(message, turns)):
            if isinstance(piece, Answer):
                response.source_nodes = [_node_of_citation(citation) for citation in piece.citations]
                continue
            said += piece
            message_so_far = ChatMessage(role=MessageRole.ASSISTANT, content=said)
            yield ChatResponse(message=message_so_far, delta=piece)


async def _aside(pieces: Iterator[ChatResponse]) -> AsyncIterator[ChatResponse]:
    """The pieces of a blocking iterator, each waited for in a thread."""
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece


def _node_of_hit(hit: Hit) -> NodeWithScore:
    chunk = hit.chunk
    metadata = {"doc_id": chunk.doc_id, "source": hit.source.path, "title": hit.source.title, "page": chunk.page}
    node = TextNode(
        id_=chunk.id, text=chunk.text, metadata=metadata, start_char_idx=chunk.start, end_char_idx=chunk.end
    )
    return NodeWithScore(node=node, score=hit.score)


def _node_of_citation(citation: Citation) -> NodeWithScore:
    metadata = {"doc_id": citation.doc_id, "source": citation.source, "title": citation.title, "page": citation.page}
    node = TextNode(
        id_=f"{citation.doc_id}:{citation.start}-{citation.end}", text=citation.quote, metadata=metadata,
        start_char_idx=citation.start, end_char_idx=citation.end,
    )  # fmt: skip
    return NodeWithScore(node=node, score=1.0)
