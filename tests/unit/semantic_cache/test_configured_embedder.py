"""What `cache.semantic.embedder` names is loaded the same way everywhere."""

import pytest

from halfpenny.proxy.config import ConfigError, parse
from halfpenny.semantic_cache.embedders import configured_embedder
from halfpenny.semantic_cache.embedders.errors import EmbedderError

BACKEND = '[[backends]]\nname = "up"\nkind = "echo"\n'


@pytest.mark.parametrize(
    ("name", "found"),
    [("hashing", "hashing-256"), ("onnx", "all-MiniLM-L6-v2"), ("multilingual", "multilingual-e5-small-q4")],
)
@pytest.mark.model
def test_one_of_ours_by_its_name(name: str, found: str) -> None:
    assert configured_embedder(name).name == found


def test_any_other_name_is_a_sentence_transformers_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(EmbedderError, match="no-such/model"):
        configured_embedder("no-such/model")


@pytest.mark.parametrize("more", ["", "min_similarity = 0.9\n"])
def test_squeezed_cosines_need_a_floor(more: str) -> None:
    with pytest.raises(ConfigError, match=r"cache\.semantic\.min_similarity.*0\.95"):
        parse(f'{BACKEND}[cache.semantic]\nembedder = "multilingual"\n{more}')


def test_with_a_floor_it_may_be_configured() -> None:
    config = parse(f'{BACKEND}[cache.semantic]\nembedder = "multilingual"\nmin_similarity = 0.95\n')
    assert config.cache.semantic.embedder == "multilingual"
