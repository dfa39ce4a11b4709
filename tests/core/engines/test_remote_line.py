"""Refusals, waits, certificates and stops of a model's server, on real sockets."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import trustme

from sharpen.core.candidate import Candidate
from sharpen.core.canvas import Frame
from sharpen.core.engines.remote import Limits
from sharpen.core.errors import Interrupted
from sharpen.core.request import CancelToken
from tests.core.engines.conftest import (
    DONE,
    KEY,
    STOP,
    Peer,
    Script,
    Server,
    comments,
    engine,
    eventually,
    fails,
    frame,
    head_and_silence,
    nothing,
    one_and_silence,
    raw,
    refine,
    request,
    says,
    status,
)

Serve = Callable[..., Server]


STATUS = {
    401: ("key", {"error": {"message": "invalid"}}),
    402: ("credit", {"error": {"message": "no credit"}}),
    403: ("key", {"detail": "forbidden"}),
    404: ("no such model", {"detail": [{"loc": ["body", "model"], "msg": "unknown"}]}),
    413: ("too large", {"title": "Payload too large"}),
    418: ("418", {}),
    422: ("understand", {"detail": [{"loc": ["body", "x"], "msg": "field required"}]}),
}


@pytest.mark.parametrize("code", STATUS)
@pytest.mark.parametrize("shape", ["json", "html", "empty", "large"])
def test_a_refusal_is_one_sentence_with_something_to_do(code: int, shape: str, serve: Serve) -> None:
    saying, body = STATUS[code]
    bodies = {
        "json": json.dumps(body).encode(),
        "html": b"<html><title>Error page</title></html>",
        "empty": b"",
        "large": b'{"error":{"message":"' + b"m" * 1_000_000 + b'"}}',
    }
    server = serve(status(code, bodies[shape]))
    error = fails(server.url, saying)
    assert str(code) in error.message
    assert len(server.requests) == 1
    assert error.hint or code in {418, 422}


def test_an_error_body_that_repeats_the_key_and_the_prompt_shows_neither(serve: Serve) -> None:
    said = f"bad key {KEY} for: write something else here please"
    error = fails(serve(status(401, json.dumps({"error": said}).encode())).url, "key")
    assert "something else here" not in error.message


def test_an_optional_field_that_a_server_does_not_know_is_left_out_once(serve: Serve) -> None:
    refusal = status(400, b'{"error":{"message":"Unsupported parameter: stream_options"}}')
    server = serve(refusal, says(frame("abd"), STOP, DONE))
    assert refine(server.url)[1].text == "abd\n"
    assert ["stream_options" in body for body in server.bodies] == [True, False]


@pytest.mark.parametrize(
    ("headers", "body"),
    [(["retry-after: 0.1"], b""), (["retry-after-ms: 100"], b""), ([], b'{"retry_after": 0.1}'),
     (["retry-after: -3", "retry-after-ms: 50"], b""), ([], b""),
     (["retry-after: " + format_datetime(datetime.now(UTC) - timedelta(seconds=9), usegmt=True)], b"")],
)  # fmt: skip
def test_a_busy_server_is_asked_again_after_its_wait(headers: list[str], body: bytes, serve: Serve) -> None:
    server = serve(status(429, body, headers), says(frame("abd"), STOP, DONE))
    assert refine(server.url)[1].text == "abd\n"


@pytest.mark.parametrize("after", ["0", "Sun, 01 Nov 2026 00:00:00 GMT"])
def test_a_server_that_asks_for_no_wait_at_all_is_not_asked_without_end(after: str, serve: Serve) -> None:
    server = serve(status(429, b"", [f"retry-after: {after}"]))
    fails(server.url, "no more requests")
    assert len(server.requests) == 3


def test_a_wait_beyond_the_deadline_is_told_and_not_waited_for(serve: Serve) -> None:
    server = serve(status(429, b"", ["retry-after: 3600"]))
    assert "3600" in fails(server.url, "429").hint
    assert len(server.requests) == 1


def test_a_server_that_fails_twice_may_work_the_third_time_and_no_later(serve: Serve) -> None:
    bad, good = status(503, b"", ["retry-after: 0.05"]), says(frame("abd"), STOP, DONE)
    assert refine(serve(bad, bad, good).url)[1].text == "abd\n"
    server = serve(bad)
    fails(server.url, "failure of its own")
    assert len(server.requests) == 3


def test_a_redirect_is_not_followed_with_the_key(serve: Serve) -> None:
    other = serve(says(frame("abd"), STOP, DONE))
    server = serve(status(302, b"", [f"location: {other.url}"]))
    fails(server.url, "sends elsewhere")
    assert other.requests == []


def test_a_connection_that_was_closed_meanwhile_is_opened_again_silently(serve: Serve) -> None:
    good = says(frame("abd"), STOP, DONE)

    def closing(peer: Peer) -> None:
        good(peer)

    server = serve(closing, good)
    same = engine(server.url)
    assert [i.text for _ in range(2) for i in same.refine(request()) if isinstance(i, Candidate)] == [
        "abd\n"
    ] * 2


def test_a_request_that_was_read_and_never_answered_is_sent_once_more(serve: Serve) -> None:
    server = serve(raw(b""), says(frame("abd"), STOP, DONE))
    assert refine(server.url)[1].text == "abd\n"


def test_one_connection_serves_several_requests(serve: Serve) -> None:
    server = serve(says(frame("abd"), STOP, DONE))
    same = engine(server.url)
    for _ in range(3):
        list(same.refine(request()))
    assert len(server.requests) == 3
    assert len(server._threads) == 2


def test_a_proxy_is_not_asked_for_this_very_machine(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert refine(serve(says(frame("abd"), STOP, DONE)).url)[1].text == "abd\n"


def test_a_port_without_a_server_and_a_name_without_an_address_are_told() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    fails(f"http://127.0.0.1:{port}", "takes no connections")
    fails("https://no-such-host.invalid", "not known by that name|cannot be reached")


def tls(authority: trustme.CA, not_after: datetime | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost", not_after=not_after).configure_cert(context)
    return context


def wrapped(context: ssl.SSLContext) -> Callable[[socket.socket], socket.socket]:
    def wrap(connection: socket.socket) -> socket.socket:
        secure = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        try:
            secure.do_handshake()
        except OSError:
            secure.close()
            raise
        return secure

    return wrap


def secure(server: Server) -> str:
    return server.url.replace("http:", "https:")


def test_a_certificate_that_nobody_vouches_for_is_told(serve: Serve) -> None:
    server = serve(says(frame("abd"), STOP, DONE), wrap=wrapped(tls(trustme.CA())))
    assert "SSL_CERT_FILE" in fails(secure(server), "nobody here vouches for").hint


def test_an_own_authority_is_honoured_and_an_expired_certificate_is_not(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    with authority.cert_pem.tempfile() as path:
        monkeypatch.setenv("SSL_CERT_FILE", path)
        good = serve(says(frame("abd"), STOP, DONE), wrap=wrapped(tls(authority)))
        assert refine(secure(good))[1].text == "abd\n"
        old = serve(says(STOP), wrap=wrapped(tls(authority, datetime.now(UTC) - timedelta(days=1))))
        fails(secure(old), "expired")


def test_tls_to_a_plain_port_is_told(serve: Serve) -> None:
    def plain(connection: socket.socket) -> socket.socket:
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        return connection

    fails(secure(serve(raw(b""), wrap=plain)), "does not speak TLS")


def test_a_key_goes_to_no_open_connection() -> None:
    fails("http://192.0.2.1/v1", "not encrypted")
    fails("http://127.0.0.1:9", "needs a key", key="")


@pytest.mark.parametrize("script", [one_and_silence, head_and_silence, nothing, comments])
@pytest.mark.parametrize("over", ["plain", "tls"])
def test_a_stop_closes_the_connection_at_once(
    script: Script, over: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    with authority.cert_pem.tempfile() as path:
        monkeypatch.setenv("SSL_CERT_FILE", path)
        server = serve(script, wrap=wrapped(tls(authority)) if over == "tls" else None)
        url = secure(server) if over == "tls" else server.url
        cancel = CancelToken()
        threading.Thread(
            target=lambda: (eventually(lambda: bool(server.requests)), cancel.cancel()), daemon=True
        ).start()
        patient = Limits(connect=5, read=60, idle=60, total=60)
        with pytest.raises(Interrupted):
            list(engine(url, limits=patient).refine(request(cancel=cancel)))
        assert server.gone.wait(60)
    assert eventually(lambda: not any(t.name == "sharpen-remote" for t in threading.enumerate()))


def test_a_generator_that_is_closed_leaves_no_connection_and_no_thread(serve: Serve) -> None:
    server = serve(one_and_silence)
    running = engine(server.url, limits=Limits()).refine(request())
    assert isinstance(next(iter(running)), Frame)
    running.close()  # type: ignore[attr-defined]
    assert server.gone.wait(60)
    assert eventually(lambda: not any(t.name == "sharpen-remote" for t in threading.enumerate()))


def test_frames_that_come_faster_than_they_are_taken_all_arrive(serve: Serve) -> None:
    texts = [f"line {number}\n" * 3 for number in range(500)]
    frames, _ = refine(serve(says(*map(frame, texts), STOP, DONE)).url)
    assert len(frames) == 500
