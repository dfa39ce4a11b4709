"""The small parts: addresses, keys, waits, prompts, frames from states of a text, prices."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime

import pytest

from sharpen.core.document import Document
from sharpen.core.engines.wire import faults
from sharpen.core.engines.wire.address import address, usable_key
from sharpen.core.engines.wire.bill import Bill
from sharpen.core.engines.wire.chunks import Usage
from sharpen.core.engines.wire.harmless import harmless
from sharpen.core.engines.wire.hosted import Access, hosted, is_hosted, priced
from sharpen.core.engines.wire.prompt import asked
from sharpen.core.engines.wire.retry import asked as asked_for
from sharpen.core.engines.wire.retry import wait
from sharpen.core.engines.wire.snapshots import Snapshots, common_prefix
from sharpen.core.engines.wire.sse import Parser
from sharpen.core.errors import BadInput, EngineUnavailable
from sharpen.core.region import Region
from sharpen.core.request import Request


@pytest.mark.parametrize(
    ("typed", "base"),
    [("https://api.inceptionlabs.ai", "https://api.inceptionlabs.ai/v1"), ("http://h:8000/v1/", "http://h:8000/v1"),
     ("https://h/v1/chat/completions", "https://h/v1"), ("http://[::1]:9", "http://[::1]:9/v1"),
     ("https://h/openai/deployments/x?api-version=1", "https://h/openai/deployments/x")],
)  # fmt: skip
def test_an_address_is_brought_into_one_form(typed: str, base: str) -> None:
    assert address(typed).base == base


@pytest.mark.parametrize(
    "typed", ["", "h:80", "ftp://h", "http://", "http://u:p@h", "http://h:99999", "http://a b", "unix:"]
)
def test_what_is_no_address_is_told(typed: str) -> None:
    with pytest.raises(BadInput):
        address(typed)


@pytest.mark.parametrize(("where", "goes"), [("https://h", True), ("http://127.0.0.1:1", True), ("http://localhost", True),
                                             ("http://[::1]", True), ("unix:/s", True), ("http://h", False), ("http://127.0.0.1.evil.com", False)])  # fmt: skip
def test_a_key_goes_over_no_open_network(where: str, goes: bool) -> None:
    if goes:
        assert usable_key(" k \n", address(where)) == "k"
    else:
        with pytest.raises(EngineUnavailable, match="not encrypted"):
            usable_key("k", address(where))


@pytest.mark.parametrize("key", ["a b", "schlüssel", "a\nb"])
def test_a_key_that_cannot_be_one_is_told(key: str) -> None:
    with pytest.raises(EngineUnavailable, match="no key has"):
        usable_key(key, address("https://h"))


def test_an_engines_name_says_model_and_effort() -> None:
    access = Access(lambda name, _origin: f"key-of-{name}")
    one, two = hosted("mercury#mercury-2@high", access), hosted("openai:http://h:1/v1#org/m", access)
    assert [one.model, one.effort, one.key] == ["mercury-2", "high", "key-of-mercury"]
    assert [two.name, two.model, two.key] == ["openai:http://h:1/v1", "org/m", "key-of-openai"]
    assert "key-of" not in repr(one)
    assert [is_hosted(s) for s in (None, "embedded", "mercury", "openai:x")] == [False, False, True, True]
    with pytest.raises(BadInput):
        hosted("mercury@huge", access)


def test_the_events_are_the_same_however_the_bytes_are_cut() -> None:
    stream = '\ufeffdata: {"a": "é漢😀\u2028"}\r\n\r\n: c\rdata: x\ndata: y\n\nevent: e\rdata:z\r\rdata: last'.encode()
    chance = random.Random(7)
    for _ in range(200):
        cuts = sorted(chance.sample(range(len(stream)), 8))
        parser = Parser()
        events = [
            e for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True) for e in parser.feed(stream[a:b])
        ]
        events += parser.close()
        assert [(e.data, e.kind, e.whole) for e in events] == [
            ('{"a": "é漢😀\u2028"}', "", True), ("x\ny", "", True), ("z", "e", True), ("last", "", False)
        ]  # fmt: skip


def test_a_wait_is_the_servers_word_or_grows() -> None:
    now = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
    assert asked_for({"retry-after": "Tue, 24 Nov 2026 12:00:09 GMT"}, b"", now) == 9
    for nothing in ("nan", "0", "0.0", "-3", "Tue, 24 Nov 2026 11:59:51 GMT", "soon", "1e300"):
        assert asked_for({"retry-after": nothing}, b"", now) is None
    assert wait(0, 9, 0) == 9
    assert [wait(n, None, 0) for n in range(6)] == [0.5, 1, 2, 4, 8, 8]
    assert wait(5, 0.001, 0) == 0.5, "no server is asked a thousand times a second"


def test_no_character_that_drives_a_terminal_is_left() -> None:
    text = "".join(map(chr, [*range(32), *range(127, 160), 0x202E, 0x2066, 0x200F, 0xD83D, 0xFEFF]))
    assert all(c in "\n\t" or c.isprintable() for c in harmless(text))
    assert harmless("é漢😀\n\tx") == "é漢😀\n\tx"


def test_states_become_settled_from_the_front_and_nothing_is_invented() -> None:
    shots = Snapshots(Region(0, 9))
    texts = [
        "```py\na!\nx%\n",
        "```py\na = 1\nx%\n",
        "```py\na = 1\nb~\n",
        "```py\na = 1\nb = 2\n",
        "```py\na = 1\nb = 2\n```",
    ]
    canvases = [shots.canvas(text, appended=False) for text in texts]
    assert [c.text for c in canvases] == [
        "a!\nx%\n",
        "a = 1\nx%\n",
        "a = 1\nb~\n",
        "a = 1\nb = 2\n",
        "a = 1\nb = 2\n",
    ]
    assert [[cell.state for cell in c.cells] for c in canvases[1:4]] == [
        ["revised", "draft"], ["draft", "revised"], ["settled", "revised"]
    ]  # fmt: skip
    assert {cell.confidence for c in canvases for cell in c.cells} == {None}


def test_the_common_prefix_is_what_both_begin_with() -> None:
    chance = random.Random(3)
    for _ in range(300):
        one, two = ("".join(chance.choices("ab", k=chance.randrange(9))) for _ in range(2))
        n = common_prefix(one, two)
        assert one[:n] == two[:n]
        assert one[n : n + 1] != two[n : n + 1] or len(one) == n or len(two) == n


def test_a_prompt_has_the_region_last_and_keeps_within_its_window() -> None:
    text = "".join(f"line_{n} = {n}\n" for n in range(20_000))
    document = Document.from_bytes(text.encode(), "a.py")
    start, end = document.line_span(9000, 9010)
    context = (Document.from_bytes(b"see = 1\n", "other.py"),)
    request = Request(
        "do $that and ${this}", document, Region(start, end, "lines"), (), context, outline="b.py: f"
    )
    told_ = asked(request, 8000, 1000)
    said = told_.messages[1]["content"]
    assert sum(len(m["content"]) for m in told_.messages) < 7000 * 4
    assert (
        said.index("see = 1")
        < said.index("line_8998 ")
        < said.index("do $that and ${this}")
        < said.index("line_9000 = ")
    )
    assert "b.py: f" in said
    assert text[start:end] in said


def test_a_region_that_does_not_fit_asks_for_a_smaller_one() -> None:
    document = Document.from_bytes(b"x = 1\n" * 20_000, "a.py")
    with pytest.raises(BadInput, match="does not fit") as error:
        asked(Request("x", document, document.whole()), 8000, 1000)
    assert "a.py::SYMBOL" in error.value.hint


def billed(*entries: tuple[str, Usage]) -> Bill:
    return Bill(list(entries))


def test_what_is_not_known_of_the_cost_is_not_said() -> None:
    assert billed(("m", Usage())).note(1.0, {}) == "m"
    assert billed(("mercury-2", Usage(1000, 500, 0))).note(0.5, {"mercury-2": (0.25, 0.025, 0.75)}) == (
        "mercury-2, 1,000 tokens in, 500 out, 1,000 tokens/s, $0.0006"
    )
    assert priced({"pricing": {"prompt": "0.00000025", "completion": "0.00000075"}}) == pytest.approx(
        (0.25, 0.25, 0.75)
    )
    assert priced({"pricing": None}) is None
    for odd in ("inf", "nan", "-1", "1e999"):
        assert priced({"pricing": {"prompt": odd, "completion": "0.1"}}) is None


def test_all_requests_of_a_run_are_on_its_bill() -> None:
    prices = {"a": (1.0, 1.0, 1.0), "b": (2.0, 2.0, 2.0)}
    two = billed(("a", Usage(1000, 500)), ("b", Usage(1000, 500)))
    assert two.note(0, prices) == "a and b, 2 requests, 2,000 tokens in, 1,000 out, $0.0045"
    some = billed(("a", Usage(1000, 500)), ("a", Usage()))
    assert some.note(0, prices) == "a, 2 requests, at least 1,000 tokens in, at least 500 out"


@pytest.mark.parametrize("end", ["; nothing was written", "; nothing was applied", ""])
def test_another_sharpens_sentence_is_not_ended_twice(end: str) -> None:
    server = faults.Server("openai:x", "127.0.0.1:8765")
    body = {"error": {"message": f"shape.py is no Python{end}", "type": "invalid_request_error"}}
    said = [
        faults.of_status(server, 400, json.dumps(body).encode()).message,
        faults.in_stream(server, body).message,
    ]
    assert all(one.count("nothing was") == 1 and "shape.py is no Python" in one for one in said), said
