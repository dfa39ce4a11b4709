"""What lies between here and a server: a proxy that is dead or refuses, certificates that cannot be read."""

from __future__ import annotations

import importlib.util
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sharpen.core.engines.wire.unpack import Unreadable, unpacked
from sharpen.core.engines.wire.ways import proxy_of
from tests.core.engines.conftest import DONE, STOP, Peer, Server, fails, frame, raw, refine

Serve = Callable[..., Server]
NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
AWAY = "https://example.invalid"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def dead() -> Iterator[int]:
    """A port that is taken and where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_a_dead_proxy_is_told_by_its_name_and_without_its_password(
    dead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:hunter2hunter2@127.0.0.1:{dead}")
    error = fails(AWAY, f"the proxy 127.0.0.1:{dead}, which HTTPS_PROXY names, takes no connections")
    assert error.hint == "check HTTPS_PROXY, or unset it"
    assert "hunter2" not in error.message


def test_a_proxy_is_not_blamed_where_the_server_is_asked_without_it(
    dead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{dead}")
    monkeypatch.setenv("NO_PROXY", "example.invalid")
    assert "proxy" not in fails(AWAY, "not known by that name|cannot be reached").message


def test_a_proxy_that_refuses_is_told_and_the_key_is_not_blamed(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = serve(raw(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n"))
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{refusing.port}")
    fails(AWAY, "which HTTPS_PROXY names, refused: 403")
    plain = fails("http://example.invalid/v1", "it may be the proxy 127.0.0.1", kind="openai", key="")
    assert plain.hint.startswith("check HTTP_PROXY")


def test_an_address_that_is_no_proxys_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "foo:bar")
    fails(AWAY, "which HTTPS_PROXY names")


@pytest.mark.skipif(importlib.util.find_spec("socksio") is not None, reason="the package is there")
def test_a_socks_proxy_needs_a_package_and_says_so(dead: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", f"socks5://127.0.0.1:{dead}")
    assert "unset ALL_PROXY" in fails(AWAY, "SOCKS proxy, which needs the package socksio").hint


def test_certificates_that_cannot_be_read_are_told_by_what_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    fails(AWAY, "SSL_CERT_FILE")
    (tmp_path / "none.pem").write_text("no certificate")
    fails(AWAY, "SSL_CERT_FILE")


def test_a_proxys_address_is_shown_without_what_is_secret_in_it() -> None:
    found = proxy_of("https://h/v1", {"all": "socks5://a:b@[::1]:1080"})
    assert found is not None
    assert [found.where, found.variable] == ["::1:1080", "ALL_PROXY"]
    assert proxy_of("http://h/v1", {"https": "http://p"}) is None


def test_a_packed_stream_is_read_as_it_comes(serve: Serve) -> None:
    import zlib

    def packed(peer: Peer) -> None:
        packing = zlib.compressobj(wbits=31)
        peer.send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip\r\n"
                  b"transfer-encoding: chunked\r\n\r\n")  # fmt: skip
        for part in (frame("a"), frame("ab"), frame("abd"), STOP, DONE):
            peer.more(packing.compress(part) + packing.flush(zlib.Z_SYNC_FLUSH))
        peer.more(packing.flush())
        peer.send(b"0\r\n\r\n")

    frames, candidate = refine(serve(packed).url)
    assert [len(frames), candidate.text] == [3, "abd\n"]


def test_no_piece_of_what_is_unpacked_is_large() -> None:
    import gzip

    text = bytes(9_000_000)
    pieces = list(unpacked([gzip.compress(text)], "gzip"))
    assert b"".join(pieces) == text
    assert max(map(len, pieces)) <= 65_536
    with pytest.raises(Unreadable, match="several times"):
        list(unpacked([b""], "gzip, identity, gzip"))
