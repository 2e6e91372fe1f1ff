"""Azure OpenAI's deployment paths: `/openai/deployments/{deployment}/...?api-version=V`.

The bodies are OpenAI's; the model is the deployment in the path (as the official `AzureOpenAI` client builds it), and
the `api-version` in the query is a part of what is asked. The credential is `api-key` or a bearer token.
"""

from typing import Any
from urllib.parse import quote

from halfpenny.proxy.surfaces.base import Surface
from halfpenny.proxy.surfaces.openai_chat import OpenAIChat
from halfpenny.proxy.surfaces.openai_completions import OpenAICompletions
from halfpenny.proxy.surfaces.openai_embeddings import OpenAIEmbeddings

_PREFIX = "/openai/deployments/"


def deployment_of(target: str) -> str:
    return target.removeprefix(_PREFIX).partition("/")[0]


def moved(target: str, deployment: str) -> str:
    """The target under another deployment."""
    return f"{_PREFIX}{quote(deployment, safe='')}/{target.removeprefix(_PREFIX).partition('/')[2]}"


class AzureChat(OpenAIChat):
    model_in_body = False

    def model_of(self, document: dict[str, Any], target: str) -> str:
        return deployment_of(target)

    def retarget(self, target: str, model: str) -> str:
        return moved(target, model)


class AzureCompletions(OpenAICompletions):
    model_in_body = False

    def model_of(self, document: dict[str, Any], target: str) -> str:
        return deployment_of(target)

    def retarget(self, target: str, model: str) -> str:
        return moved(target, model)


class AzureEmbeddings(OpenAIEmbeddings):
    model_in_body = False

    def model_of(self, document: dict[str, Any], target: str) -> str:
        return deployment_of(target)

    def retarget(self, target: str, model: str) -> str:
        return moved(target, model)


_fit: tuple[type[Surface], ...] = (AzureChat, AzureCompletions, AzureEmbeddings)
