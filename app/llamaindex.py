"""The pipeline as LlamaIndex parts, so that its ecosystem (agents, evaluators, chat engines) plugs in.

Splitter, embedder, retriever and query engine wrap the functions that the product itself uses; nothing here is on the
path of `policyqa ask`, and LlamaIndex's global Settings are neither read nor set.
"""

from collections.abc import Sequence
from typing import Any

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.base.response.schema import RESPONSE_TYPE, Response
from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.callbacks import CallbackManager
from llama_index.core.node_parser import NodeParser
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import BaseNode, NodeWithScore, QueryBundle, TextNode

from app.engine import Engine
from app.types import Answer, Citation, Hit
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
