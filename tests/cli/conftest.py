"""What the tests of commands with a model behind HTTP share: servers that end with the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.core.engines.conftest import Server


@pytest.fixture
def start() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def begin(*scripts: object) -> Server:
        servers.append(Server(*scripts))  # type: ignore[arg-type]
        return servers[-1]

    yield begin
    for server in servers:
        server.close()
