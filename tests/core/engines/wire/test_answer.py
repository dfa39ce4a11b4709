"""From an answer to the region's text: what is put right, and what is refused with a reason."""

from __future__ import annotations

import pytest

from sharpen.core.engines.wire.answer import Place, Unusable, extracted, fence_for
from sharpen.core.engines.wire.checks import check

OLD = "    def feed(self, data):\n        self.data += data\n        return len(data)\n"
NEW = "    def feed(self, data):\n        self.data.extend(data)\n        return len(data)\n"
BEFORE = "class Parser:\n    size = 4096\n\n"
AFTER = "\n    def close(self):\n        self.data = None\n"
PLACE = Place(OLD, BEFORE, AFTER)
LONG = "".join(f"    step_{n} = compute({n})\n" for n in range(20))


def fenced(text: str, tag: str = "python") -> str:
    return f"```{tag}\n{text}```"


def shallower(text: str) -> str:
    return "".join(line[4:] for line in text.splitlines(keepends=True))


@pytest.mark.parametrize(
    "answer",
    [
        NEW, fenced(NEW), fenced(NEW, ""), f"Here it is:\n\n{fenced(NEW)}\n\nI used extend.", fenced(NEW).replace("```", "~~~~"),
        fenced(NEW).replace("\n", "\r\n"), fenced(NEW + "\n"), fenced(shallower(NEW)), fenced(NEW[4:]), fenced(NEW) + "\n" + fenced("pip install x\n"),
        fenced("".join(f"{n}: {line}" for n, line in enumerate(NEW.splitlines(keepends=True), 12))),
        fenced(BEFORE + NEW), fenced(NEW + AFTER), fenced(BEFORE + NEW + AFTER), f"<|code_to_edit|>\n{NEW}<|/code_to_edit|>\n",
    ],
)  # fmt: skip
def test_an_answer_becomes_the_regions_text(answer: str) -> None:
    assert extracted(answer, PLACE) == NEW


@pytest.mark.parametrize("answer", ["None", fenced(OLD), OLD])
def test_an_answer_that_changes_nothing_is_the_region(answer: str) -> None:
    assert extracted(answer, PLACE) == OLD


@pytest.mark.parametrize(
    ("answer", "saying"),
    [
        (f"```python\n{NEW}", "never ends"),
        ("Sure! I would use a deque there.", "prose"),
        (fenced("a = 1\n") + "\n" + fenced("b = 2\n"), "several code blocks"),
    ],
)
def test_an_answer_without_a_certain_text_is_refused(answer: str, saying: str) -> None:
    with pytest.raises(Unusable, match=saying):
        extracted(answer, PLACE)


def test_a_region_without_a_final_newline_keeps_none() -> None:
    assert extracted(fenced("y = 2\n"), Place("y = 1", "x = 1\n", "")) == "y = 2"


def test_a_document_about_code_keeps_its_own_fences() -> None:
    old = "Use it:\n\n```sh\nmake\n```\n"
    new = old.replace("make", "make all")
    mark = fence_for(old)
    assert extracted(f"{mark}markdown\n{new}{mark}", Place(old, "", "", markdown=True)) == new
    assert len(mark) == 4


@pytest.mark.parametrize(
    ("new", "saying"),
    [
        (OLD + "    # ... rest of the code ...\n", "leaves lines out"),
        ("    // ... existing code ...\n" + OLD, "leaves lines out"),
        (OLD + "    # remains the same\n", "leaves lines out"),
        (OLD + "    /* ... */\n", "leaves lines out"),
        ("    def feed(self, data):\n        ...\n", "ellipsis"),
        (OLD + "<|im_end|>\n", "marks"),
        (OLD + ">>>>>>> theirs\n", "marks"),
        (OLD + "    x = '\u202e'\n", "U\\+202E"),
        (OLD + "    x = '\ufffd'\n", "U\\+FFFD"),
        ("@@ -1,2 +1,2 @@\n-a\n+b\n", "diff"),
        ("-    a = 1\n+    a = 2\n", "diff"),
    ],
)
def test_a_text_that_is_not_the_region_is_refused(new: str, saying: str) -> None:
    with pytest.raises(Unusable, match=saying):
        check(new, PLACE, "make it faster")


def test_a_lost_tail_is_refused_unless_less_was_asked_for() -> None:
    place = Place(LONG, "", "")
    short = "".join(LONG.splitlines(keepends=True)[:12])
    with pytest.raises(Unusable, match="last 8 lines"):
        check(short, place, "make it faster")
    with pytest.raises(Unusable, match="it is empty"):
        check("\n\n", PLACE, "make it faster")
    check("\n", PLACE, "remove the method")
    with pytest.raises(Unusable, match="most of the region"):
        check(LONG[:60], place, "make it faster")
    check(short, place, "remove the last steps")


def test_what_the_region_had_before_is_no_fault() -> None:
    odd = "    # ... rest of the code ...\n    x = '\u202e'\n<|im_end|>\n-a\n+b\n"
    check(odd + "    y = 1\n", Place(odd, "", ""), "add y")
