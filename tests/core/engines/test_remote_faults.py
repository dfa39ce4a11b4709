"""Every way in which a model's server can fail, on real sockets: what is survived, and what is said of the rest."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import trustme

from sharpen.core.candidate import Candidate
from sharpen.core.canvas import Frame
from sharpen.core.document import Document
from sharpen.core.engines.remote import Limits
from sharpen.core.engines.rewriter import RemoteEngine
from sharpen.core.engines.wire.hosted import Access, hosted
from sharpen.core.errors import EngineUnavailable, Interrupted, NothingHeld
from sharpen.core.request import CancelToken, Request
from tests.core.engines.conftest import (
    DONE,
    STOP,
    STREAM,
    Peer,
    Script,
    Server,
    delta,
    event,
    eventually,
    frame,
    raw,
    says,
    status,
)  # fmt: skip

Serve = Callable[..., Server]
QUICK = Limits(connect=1.0, read=0.6, idle=0.6, total=3.0, stream_bytes=2_000_000, retries=2)
KEY = "sk_0123456789abcdef0123456789abcdef"
OLD = "abc\n"


def request(**more: object) -> Request:
    document = Document.from_bytes(OLD.encode(), "notes.txt")
    return Request("write something else here please", document, document.whole(), **more)  # type: ignore[arg-type]


def engine(url: str, *, kind: str = "mercury", limits: Limits = QUICK, key: str = KEY) -> RemoteEngine:
    spec = "mercury#mercury-2" if kind == "mercury" else f"openai:{url}#m"
    return RemoteEngine(hosted(spec, Access(lambda _name: key, url)), limits)


def refine(url: str, **more: object) -> tuple[list[Frame], Candidate]:
    items = list(engine(url, **more).refine(request()))  # type: ignore[arg-type]
    found = [i for i in items if isinstance(i, Candidate)]
    assert len(found) == 1
    return [i for i in items if isinstance(i, Frame)], found[0]


def fails(url: str, saying: str, **more: object) -> EngineUnavailable:
    with pytest.raises(EngineUnavailable, match=saying) as told:
        refine(url, **more)
    message = told.value.message
    assert "\n" not in message
    assert len(message) < 500
    assert KEY not in message + told.value.hint
    return told.value


GOOD: dict[str, tuple[Script, str]] = {
    "1 frames, then the end": (says(frame("x", 0), frame("ab"), frame("abc d", 1, "stop"), STOP, DONE), "abc d\n"),
    "2 an empty closing delta": (says(frame("abc d"), delta("", "stop"), DONE), "abc d\n"),
    "2 a closing delta of null": (says(frame("abc d"), event({"choices": [{"index": 0, "delta": {"content": None}, "finish_reason": "stop"}]}), DONE), "abc d\n"),
    "4 frames shrink": (says(frame("abcdef"), frame("abd"), STOP, DONE), "abd\n"),
    "6 parts without the mark are appended": (says(delta("ab"), delta("d"), STOP, DONE), "abd\n"),
    "7 progress is missing": (says(event({"choices": [{"index": 0, "delta": {"content": "abd"}}], "diffusion_meta": {"diffusion_content": True}}), STOP, DONE), "abd\n"),
    "7 progress is a text": (says(frame("abd", "x"), STOP, DONE), "abd\n"),
    "7 progress is no number": (says(frame("abd", float("nan")), STOP, DONE), "abd\n"),
    "14 comments and pings": (says(b": OPENROUTER PROCESSING\n\n" * 9, b": ping\n\n", b"event: ping\ndata: {}\n\n", frame("abd"), STOP, DONE), "abd\n"),
    "18 CRLF": (says((frame("abd") + STOP + DONE).replace(b"\n", b"\r\n")), "abd\n"),
    "18 CR": (says((frame("abd") + STOP + DONE).replace(b"\n", b"\r")), "abd\n"),
    "18 CR and LF in two segments": (says((frame("abd") + STOP + DONE).replace(b"\n", b"\r\n"), piece=1), "abd\n"),
    "19 a byte a segment": (says(b"data: " + json.dumps({"choices": [{"delta": {"content": "é漢😀"}}]}, ensure_ascii=False).encode() + b"\n\n", STOP, DONE, piece=1), "é漢😀\n"),
    "22 no space after data": (says((frame("abd") + STOP + DONE).replace(b"data: ", b"data:")), "abd\n"),
    "22 two data lines": (says(frame("abd").replace(b'"choices"', b'\ndata: "choices"'), STOP, DONE), "abd\n"),
    "22 a BOM": (says(b"\xef\xbb\xbf", frame("abd"), STOP, DONE), "abd\n"),
    "22 no blank line at the end": (says(frame("abd"), STOP, b"data: [DONE]"), "abd\n"),
    "23 one unreadable part": (says(b"data: not json\n\n", frame("abd"), STOP, DONE), "abd\n"),
    "23 three that are no objects": (says(b"data: null\n\ndata: []\n\ndata: 3\n\n", frame("abd"), STOP, DONE), "abd\n"),
    "24 parts for others": (says(event({"choices": [], "usage": {"prompt_tokens": 3}}), event({"id": "x"}), event({"choices": [{"index": 1, "delta": {"content": "no"}}]}), event({"choices": [{"index": 0, "delta": None}]}), frame("abd"), STOP, DONE), "abd\n"),
    "25 content in parts": (says(delta([{"type": "text", "text": "abd"}]), STOP, DONE), "abd\n"),
    "29 thinking first": (says(delta(reasoning_content="hm"), delta("<think>so"), delta("</think>\nabd"), STOP, DONE), "abd\n"),
    "31 at once": (raw(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n" + json.dumps({"choices": [{"message": {"content": "abd"}, "finish_reason": "stop"}]}).encode()), "abd\n"),
    "40 an interim answer": (raw(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n" + frame("abd") + STOP + DONE), "abd\n"),
    "44 usage that is none": (says(frame("abd"), event({"choices": [], "usage": {"prompt_tokens": "x", "completion_tokens": -1}}), event({"choices": [], "usage": None}), STOP, DONE), "abd\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_an_answer_that_is_odd_is_taken(name: str, serve: Serve) -> None:
    script, text = GOOD[name]
    _frames, candidate = refine(serve(script).url)
    assert candidate.text == text


def test_the_same_frame_again_is_no_step(serve: Serve) -> None:
    frames, candidate = refine(serve(says(*[frame("abd")] * 5, STOP, DONE)).url)
    assert [candidate.steps, len(frames)] == [1, 1]


def test_a_frame_with_control_characters_is_shown_harmless_and_rejected_as_an_answer(serve: Serve) -> None:
    bad = "a\u001b[2J\u0007\u202eb\u0000"
    server = serve(says(frame(bad), frame("abd"), STOP, DONE))
    frames, candidate = refine(server.url)
    shown = frames[0].canvas.text
    assert not {"\u001b", "\u0007", "\u202e", "\u0000"} & set(shown)
    assert candidate.text == "abd\n"


def test_raw_line_separators_inside_json_do_not_split_it(serve: Serve) -> None:
    odd = "a\u2028b\u2029c\u0085d"
    body = json.dumps({"choices": [{"delta": {"content": odd}}]}, ensure_ascii=False).encode()
    frames, _ = refine(serve(says(b"data: " + body + b"\n\n", delta("x"), frame("abd"), STOP, DONE)).url)
    assert "b" in frames[0].canvas.text
    assert "d" in frames[0].canvas.text


@pytest.mark.parametrize("part", [b'data: {"choices":[{"delta":{"content":"\\ud83d"}}]}\n\n',
                                  b'data: {"choices":[{"delta":{"content":"\xff"}}]}\n\n'])  # fmt: skip
def test_half_a_character_is_shown_as_unknown(part: bytes, serve: Serve) -> None:
    frames, _ = refine(serve(says(part, frame("abd"), STOP, DONE)).url)
    assert frames[0].canvas.text == "\ufffd"


def test_a_clean_end_without_the_mark_will_do_for_other_servers_only(serve: Serve) -> None:
    server = serve(says(delta("abd"), STOP))
    assert refine(server.url, kind="openai")[1].text == "abd\n"
    fails(server.url, "ended early")


def cut(peer: Peer) -> None:
    peer.send(STREAM + b"ff\r\n" + frame("abd"))
    peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.socket.close()


def comments(peer: Peer) -> None:
    peer.stream(b"", end=False)
    while not peer.stopped.is_set():
        peer.more(b": still here\n\n")
        peer.wait(0.1)


def one_and_silence(peer: Peer) -> None:
    peer.stream(frame("abd"), end=False)
    peer.silence()


def head_and_silence(peer: Peer) -> None:
    peer.send(STREAM)
    peer.silence()


def nothing(peer: Peer) -> None:
    peer.silence()


def slow_head(peer: Peer) -> None:
    for byte in STREAM * 9:
        peer.send(bytes([byte]))
        peer.wait(0.1)


def endless(peer: Peer) -> None:
    peer.send(STREAM)
    for number in range(100_000):
        peer.more(frame(f"{number} " + "x" * 10_000))


def unflushed(peer: Peer) -> None:
    peer.send(STREAM.replace(b"\r\n\r\n", b"\r\ncontent-encoding: gzip\r\n\r\n"))
    peer.more(gzip.compress(frame("abd"))[:12])
    peer.silence()


def json_of(body: object) -> Script:
    data = json.dumps(body).encode()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(data)
    return raw(head + data)


BAD: dict[str, tuple[Script, str]] = {
    "8 the end comes early": (says(frame("a"), frame("ab")), "ended early"),
    "10 closed inside a chunk": (raw(STREAM + b"ff\r\n" + frame("abd")), "closed the connection"),
    "10 reset": (cut, "closed the connection"),
    "10 too short": (raw(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 100\r\n\r\ndata: {}\n"), "closed the connection"),
    "11 HTTP/1.0, cut": (raw(b"HTTP/1.0 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + frame("abd")), "ended early"),
    "11 connection: close, cut": (raw(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n" + frame("abd")[:60]), "ended early"),
    "12 an error first": (says(event({"error": {"message": "overloaded", "type": "server_error"}})), "overloaded"),
    "12 an error after frames": (says(frame("a"), frame("ab"), event({"error": {"message": "overloaded"}})), "overloaded"),
    "13 vLLM's error": (says(event({"object": "error", "message": "out of pages"})), "out of pages"),
    "13 an error event": (says(b"event: error\ndata: out of pages\n\n"), "out of pages"),
    "13 an error that is a text": (says(event({"error": "out of pages"})), "out of pages"),
    "13 an error that is a list": (says(event({"error": {"message": ["a", "b"]}})), "a; b"),
    "15 only comments": (comments, "sent nothing of an answer"),
    "16 silence after a frame": (one_and_silence, "sent nothing"),
    "17 silence after the headers": (head_and_silence, "sent nothing"),
    "17 silence at once": (nothing, "sent nothing"),
    "17 headers byte by byte": (slow_head, "not done after"),
    "21 a final text with half a character": (says(frame("ab\ud83d"), STOP, DONE), "can be used"),
    "23 four unreadable parts": (says(b"data: no\n\n" * 4), "not an answer"),
    "26 the length limit": (says(frame("ab"), delta(finish="length"), DONE), "length limit"),
    "27 content filter": (says(frame("ab"), delta(finish="content_filter"), DONE), "content filter"),
    "27 error": (says(frame("ab"), delta(finish="error"), DONE), "ended the answer with"),
    "27 abort": (says(frame("ab"), delta(finish="abort"), DONE), "ended the answer with"),
    "27 a tool": (says(frame("ab"), delta(finish="tool_calls"), DONE), "asked for a tool"),
    "27 nothing": (says(STOP, DONE), "answered with nothing"),
    "30 one long line": (says(b"data: " + b"x" * 300_000), "an event of more than"),
    "30 gigabytes": (endless, "MB"),
    "30 a million parts": (says(b"data: {}\n\n" * 200_100), "MB|parts without end|sent nothing"),
    "30 a long text": (says(frame("x" * 70_000), STOP, DONE), "characters"),
    "31 an error at once": (json_of({"error": {"message": "overloaded"}}), "overloaded"),
    "31 JSON that is none": (raw(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 3\r\n\r\nnop"), "not JSON"),
    "31 a page": (raw(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>"), "not an API"),
    "37 sent elsewhere": (status(302, b"", ["location: http://127.0.0.2:9/"]), "sends elsewhere"),
    "38 rubbish for gzip": (raw(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\nrubbish that is long"), "unpacked"),
    "38 gzip that never comes": (unflushed, "sent nothing"),
    "40 rubbish after the status": (raw(b"HTTP/1.1 200\rnonsense\x00\r\n\r\n"), "HTTP|closed"),
    "40 no HTTP": (raw(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"), "does not speak HTTP"),
    "40 no content": (status(204), "204"),
    "40 a long header": (raw(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 130_000 + b"\r\n\r\n"), "HTTP|closed|early"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_an_answer_that_is_none_is_told_in_one_sentence(name: str, serve: Serve) -> None:
    script, saying = BAD[name]
    server = serve(script)
    if "can be used" in saying:
        with pytest.raises(NothingHeld, match=saying):
            refine(server.url)
        return
    fails(server.url, saying)
    if name[:2] in {"12", "8 ", "16"}:
        assert len(server.requests) == 1, "nothing is sent twice once something was read"


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
        assert server.gone.wait(5)
    assert eventually(lambda: not any(t.name == "sharpen-remote" for t in threading.enumerate()))


def test_a_generator_that_is_closed_leaves_no_connection_and_no_thread(serve: Serve) -> None:
    server = serve(one_and_silence)
    running = engine(server.url, limits=Limits()).refine(request())
    assert isinstance(next(iter(running)), Frame)
    running.close()  # type: ignore[attr-defined]
    assert server.gone.wait(5)
    assert eventually(lambda: not any(t.name == "sharpen-remote" for t in threading.enumerate()))


def test_frames_that_come_faster_than_they_are_taken_all_arrive(serve: Serve) -> None:
    texts = [f"line {number}\n" * 3 for number in range(500)]
    frames, _ = refine(serve(says(*map(frame, texts), STOP, DONE)).url)
    assert len(frames) == 500
