"""Every way in which a model's server can fail, on real sockets: what is survived, and what is said of the rest."""

from __future__ import annotations

import gzip
import json
import socket
import struct
from collections.abc import Callable

import pytest

from sharpen.core.errors import NothingHeld
from tests.core.engines.conftest import (
    DONE,
    KEY,
    STOP,
    STREAM,
    Peer,
    Script,
    Server,
    comments,
    delta,
    event,
    fails,
    frame,
    head_and_silence,
    nothing,
    one_and_silence,
    raw,
    refine,
    says,
    status,
)

Serve = Callable[..., Server]


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
    "38 packed once": (raw(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\n" + gzip.compress(frame("abd") + STOP + DONE)), "abd\n"),
    "31 at once": (raw(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n" + json.dumps({"choices": [{"message": {"content": "abd"}, "finish_reason": "stop"}]}).encode()), "abd\n"),
    "40 an interim answer": (raw(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n" + frame("abd") + STOP + DONE), "abd\n"),
    "44 usage beyond all numbers": (says(frame("abd"), event({"choices": [], "usage": {"prompt_tokens": 10**400, "completion_tokens": 10**400}}), STOP, DONE), "abd\n"),
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
    "27 the key as a reason": (says(frame("ab"), delta(finish=KEY.upper()), DONE), r"\[key\]"),
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
    "38 packed twice": (raw(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip, gzip\r\nconnection: close\r\n\r\n" + gzip.compress(gzip.compress(b": " + b"x" * 5_000_000))), "packed several times"),
    "38 packed as nobody can": (raw(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: br\r\nconnection: close\r\n\r\nx"), "packed as br"),
    "38 a little that stands for much": (raw(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\n" + gzip.compress((b": " + b"x" * 60_000 + b"\n\n") * 60)), "more than 2 MB"),
    "40 the key in the status line": (raw(f"Authorization: Bearer {KEY.upper()}\r\n\r\n".encode()), r"does not speak HTTP.*\[key\]"),
    "40 the key as the content type": (raw(f"HTTP/1.1 200 OK\r\ncontent-type: x/{KEY}\r\ncontent-length: 0\r\n\r\n".encode()), r"\[key\]"),
    "40 a content type that drives a terminal": (raw(b"HTTP/1.1 200 OK\r\ncontent-type: x/\x9b2J\r\ncontent-length: 0\r\n\r\n"), "answers with x/·2j"),
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
