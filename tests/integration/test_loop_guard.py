"""The guard itself: a blocking call of ours on the loop fails, so that its silence elsewhere means something."""

import pytest
from blockbuster import BlockBuster, BlockingError

from halfpenny.proxy.config import ConfigError, load
from tests.conftest import Proxy


async def test_a_blocking_call_of_ours_is_caught(proxy: Proxy, loop_guard: BlockBuster, tmp_path: object) -> None:
    with pytest.raises((BlockingError, ConfigError)) as caught:
        load(__import__("pathlib").Path("/etc/hostname"))
    assert "Blocking call" in str(caught.value.__cause__ or caught.value)
