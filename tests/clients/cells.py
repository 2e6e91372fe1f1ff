"""What the matrix holds: clients, cells, and the cells that make no sense with the reason why."""

import dataclasses
from typing import Literal

from tests.clients.environments import PYTHON, node_versions

State = Literal["miss", "exact hit", "semantic hit", "coalesced"]
Shape = Literal["text", "reasoning", "tools", "error", "cut", "error event"]
Mode = Literal["whole", "stream"]

STATES: tuple[State, ...] = ("miss", "exact hit", "semantic hit", "coalesced")
SHAPES: tuple[Shape, ...] = ("text", "reasoning", "tools", "error", "cut", "error event")
MODES: tuple[Mode, ...] = ("whole", "stream")

NEVER_STORED = "a failed answer is never stored, so there is nothing to hit; that the repeat goes upstream is checked"
TOOLS_EXACT = "requests with tools are never answered semantically; that a re-phrased one goes upstream is checked"
ONLY_IN_STREAMS = "only a stream can hold an error event"


@dataclasses.dataclass(frozen=True)
class Client:
    """One row of the document: a client over one API. `package` names what is pinned in its environment."""

    name: str
    environment: str
    package: str
    driver: str
    api: str
    path: str
    shows_headers: bool = True
    shows_reasoning: bool = True
    parallel_tools: bool = True
    """takes more than one tool call in an answer"""
    counts_tokens_itself: bool = False
    """its usage is its own guess from its own prompt, not what the answer said"""
    without: tuple[tuple[Shape, str], ...] = ()
    """shapes that this client cannot express, and why"""
    retries_by_itself: str = ""
    """why a fault must go away after the first call: the client cannot be told not to retry"""

    @property
    def version(self) -> str:
        """`name version` of the pinned package."""
        if self.environment == "node":
            return f"{self.package} {node_versions()[self.package]}"
        (pin,) = [pin for pin in PYTHON[self.environment] if pin.partition("==")[0] == self.package]
        return pin.replace("==", " ")

    @property
    def driver_name(self) -> str:
        """What a driver of several clients is told."""
        return self.name.replace(" responses", "").replace(" ", "-")

    def model(self, number: int) -> str:
        """A model name of its own for every lane: it tells calls and ledger rows apart, and separates partitions."""
        prefix = {"messages": "claude-sonnet", "gemini": "gemini-flash"}.get(self.api, "gpt-4o-mini")
        return f"{prefix}-{self.name.replace(' ', '-')}-{number}".replace("/", "-").replace("@", "")


_NO_TOOLS: tuple[tuple[Shape, str], ...] = (
    ("tools", "aider asks for text and edits files by itself; it never offers tools"),
)

CLIENTS: tuple[Client, ...] = (
    Client("openai 1", "openai-1", "openai", "openai_driver.py", "chat", "/v1/chat/completions"),
    Client("openai 2", "openai-2", "openai", "openai_driver.py", "chat", "/v1/chat/completions"),
    Client("openai 3", "openai-3", "openai", "openai_driver.py", "chat", "/v1/chat/completions"),
    Client("openai 2 responses", "openai-2", "openai", "openai_driver.py", "responses", "/v1/responses"),
    Client("openai 3 responses", "openai-3", "openai", "openai_driver.py", "responses", "/v1/responses"),
    Client("openai 3 azure", "openai-3", "openai", "openai_driver.py", "azure", "/openai/deployments/{model}/..."),
    Client("openai node", "node", "openai", "node_driver.mjs", "chat", "/v1/chat/completions"),
    Client("openai node responses", "node", "openai", "node_driver.mjs", "responses", "/v1/responses"),
    Client("anthropic 0", "anthropic-0", "anthropic", "anthropic_driver.py", "messages", "/v1/messages"),
    Client("anthropic 2", "anthropic-2", "anthropic", "anthropic_driver.py", "messages", "/v1/messages"),
    Client("anthropic node", "node", "@anthropic-ai/sdk", "node_driver.mjs", "messages", "/v1/messages"),
    Client("google-genai", "google-genai", "google-genai", "genai_driver.py", "gemini", "/v1beta/models/{model}:..."),
    Client(
        "langchain",
        "langchain",
        "langchain-openai",
        "langchain_driver.py",
        "chat",
        "/v1/chat/completions",
        shows_reasoning=False,
    ),
    Client("langchain responses", "langchain", "langchain-openai", "langchain_driver.py", "responses", "/v1/responses"),
    Client(
        "llama-index",
        "llama-index",
        "llama-index-llms-openai-like",
        "llamaindex_driver.py",
        "chat",
        "/v1/chat/completions",
        shows_headers=False,
        shows_reasoning=False,
    ),
    Client(
        "instructor",
        "instructor",
        "instructor",
        "instructor_driver.py",
        "chat",
        "/v1/chat/completions",
        shows_headers=False,
        parallel_tools=False,
    ),
    Client("vercel openai", "node", "@ai-sdk/openai", "node_driver.mjs", "responses", "/v1/responses"),
    Client("vercel compatible", "node", "@ai-sdk/openai-compatible", "node_driver.mjs", "chat", "/v1/chat/completions"),
    Client("vercel anthropic", "node", "@ai-sdk/anthropic", "node_driver.mjs", "messages", "/v1/messages"),
    Client(
        "aider",
        "aider",
        "aider-chat",
        "aider_driver.py",
        "chat",
        "/v1/chat/completions",
        shows_headers=False,
        shows_reasoning=False,
        counts_tokens_itself=True,
        without=_NO_TOOLS,
        retries_by_itself="aider repeats a broken connection for a minute and offers no switch",
    ),
)


@dataclasses.dataclass(frozen=True, order=True)
class Cell:
    """One field of the matrix."""

    client: str
    state: State
    mode: Mode
    shape: Shape

    def __str__(self) -> str:
        return f"{self.client} / {self.state} / {self.mode} / {self.shape}"


def cells_of(client: Client) -> list[Cell]:
    """Every cell of a client, the senseless ones included."""
    return [Cell(client.name, state, mode, shape) for shape in SHAPES for mode in MODES for state in STATES]


def senseless(client: Client, cell: Cell) -> str:
    """Why a cell is not there; empty if it is."""
    for shape, reason in client.without:
        if cell.shape == shape:
            return reason
    if cell.shape == "error event" and cell.mode == "whole":
        return ONLY_IN_STREAMS
    if cell.shape in ("error", "cut", "error event") and cell.state in ("exact hit", "semantic hit"):
        return NEVER_STORED
    if cell.shape == "tools" and cell.state == "semantic hit":
        return TOOLS_EXACT
    return ""
