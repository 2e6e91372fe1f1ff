"""proxy/config.py: every error names the file, the line and the key."""

from pathlib import Path

import pytest

from halfpenny.proxy.config import BackendSection, ConfigError, backend_key, host_port, load, parse

GOOD = """
[server]
listen = "127.0.0.1:0"

[cache.semantic]
max_false_hit_rate = 0.005

[[backends]]
name = "up"
kind = "openai"
base_url = "http://127.0.0.1:9/v1"

[[backends]]
name = "small"
kind = "llamacpp"
model = "smollm2-135m-instruct"

[[routes]]
name = "default"
match = { model = "*" }
policy = "difficulty"
small = "small"
large = "up"
"""


def test_a_good_file_is_read() -> None:
    config = parse(GOOD)
    assert config.cache.semantic.max_false_hit_rate == 0.005
    assert [backend.name for backend in config.backends] == ["up", "small"]
    assert config.routes[0].match.model == "*"
    assert config.cache.ttl == 86400


def test_the_repositorys_own_file_is_valid() -> None:
    config = load(Path(__file__).parents[3] / "config.toml")
    assert config.routes[0].policy == "difficulty"
    assert {backend.kind for backend in config.backends} == {"openai", "anthropic", "gemini", "llamacpp"}


def test_without_a_file_there_are_defaults() -> None:
    assert [backend.name for backend in load(None).backends] == ["large", "small"]


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        (("listen =", "lisetn ="), 3, ["'server.lisetn'", "did you mean 'server.listen'"]),
        (("max_false_hit_rate = 0.005", 'max_false_hit_rate = "low"'), 6, ["cache.semantic.max_false_hit_rate", "float"]),
        (("max_false_hit_rate = 0.005", "max_false_hit_rate = 7"), 6, ["between 0 and 1"]),
        (('kind = "openai"', 'kind = "opneai"'), 10, ["'opneai'", "did you mean 'openai'"]),
        (('base_url = "http://127.0.0.1:9/v1"', 'base_url = "ftp://x"'), 11, ["expected an http(s) URL"]),
        (('base_url = "http://127.0.0.1:9/v1"', 'api_key = "sk-secret"'), 11, ["api_key_env"]),
        (('name = "small"\nkind', 'name = "up"\nkind'), 14, ["used twice"]),
        (('listen = "127.0.0.1:0"', 'listen = "nowhere"'), 3, ["host:port"]),
        (('listen = "127.0.0.1:0"', 'header_timeout = "ten"'), 3, ["duration"]),
        (('match = { model = "*" }', 'match = { modle = "*" }'), 20, ["routes[0].match.modle", "did you mean"]),
        (("small = \"small\"\nlarge", "smal = \"small\"\nlarge"), 22, ["routes[0].smal"]),
        (('listen = "127.0.0.1:0"', 'admin = "0.0.0.0:8081"'), 3, ["admin_token_env"]),
    ],
)
def test_an_error_names_line_and_key(change: tuple[str, str], line: int, words: list[str]) -> None:
    broken = GOOD.replace(*change, 1)
    assert broken != GOOD
    with pytest.raises(ConfigError) as refused:
        parse(broken, "some.toml")
    message = str(refused.value)
    assert message.startswith(f"some.toml:{line}: "), message
    assert all(word in message for word in words), message
    assert "sk-secret" not in message


def test_broken_toml_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"x\.toml: Invalid value \(at end of document\)"):
        parse("x =", "x.toml")


def test_a_missing_file_is_refused() -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(Path("/nonexistent/config.toml"))


def test_a_backend_whose_key_is_not_set_is_off(tmp_path: Path) -> None:
    section = BackendSection(name="x", kind="openai", base_url="http://h", api_key_env="SOME_KEY")
    assert backend_key(section, {}) == (None, "the environment variable SOME_KEY is not set")
    key, reason = backend_key(section, {"SOME_KEY": "sk-123"})
    assert reason == ""
    assert key is not None
    assert "sk-123" not in f"{key!r} {key}"
    file = tmp_path / "key"
    file.write_text("sk-file\n")
    from_file, reason = backend_key(BackendSection(name="x", kind="openai", base_url="http://h", api_key_file=str(file)))
    assert from_file is not None
    assert from_file.reveal() == "sk-file"
    missing = BackendSection(name="x", kind="openai", base_url="http://h", api_key_file=str(tmp_path / "no"))
    assert "cannot be read" in backend_key(missing)[1]


def test_addresses() -> None:
    assert host_port("[::1]:80") == ("::1", 80)
    for bad in ("80", "host:", ":80", "h:99999", "h:x"):
        with pytest.raises(ValueError, match="host:port"):
            host_port(bad)
