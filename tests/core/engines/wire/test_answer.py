"""From an answer to the region's text: what is put right, and what is refused with a reason."""

from __future__ import annotations

import random

import pytest

from sharpen.core.engines.wire.answer import Place, Unusable, extracted, fence_for
from sharpen.core.engines.wire.checks import check
from sharpen.core.engines.wire.echoes import overlap
from sharpen.core.engines.wire.filled import filled

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


@pytest.mark.parametrize("answer", [fenced(OLD), OLD])
def test_an_answer_that_changes_nothing_is_the_region(answer: str) -> None:
    assert extracted(answer, PLACE) == OLD


@pytest.mark.parametrize(
    ("answer", "saying"),
    [
        (f"```python\n{NEW}", "never ends"),
        ("Sure! I would use a deque there.", "prose"),
        ("Absolutely! The change is made as you asked.\n", "prose"),
        (f"{NEW}\nHope that helps a bit!\n", "prose"),
        ("None", "says None"),
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
        (
            OLD.replace("        self.data += data\n", "        # existing checks of the function\n"),
            "leaves lines out",
        ),
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


def test_a_sentence_may_be_what_a_file_of_prose_is_asked_for() -> None:
    said = "Absolutely! The change is made as you asked.\n"
    assert extracted(said, Place("TODO\n", "", "", prose=True)) == said
    assert extracted(said, Place("Nothing is done yet, but soon.\n", '"""', '"""\n')) == said


@pytest.mark.parametrize(
    "line",
    [
        "        # Delete the existing file, if there is one.\n",
        "        # Keep the existing file.\n",
        '        """Like the other function, but faster."""\n',
        "        # The mode of the file stays unchanged.\n",
    ],
)
def test_an_ordinary_comment_is_no_elision(line: str) -> None:
    head, body = OLD.split("\n", 1)
    check(f"{head}\n{line}{body}", PLACE, "explain it")
    check(f"{head}\n{line}{body.replace('+= data', '+= bytes(data)')}", PLACE, "explain it")


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("TODO\n", "- one\n- two\n- three\n", {"markdown": True}),
        ("TODO\n", "- one\n+ two\n- three\n", {"markdown": True}),
        ("steps: []\n", "- run: make\n- run: test\n", {}),
    ],
)
def test_a_list_is_no_diff(old: str, new: str, place: dict[str, bool]) -> None:
    check(new, Place(old, "", "", **place), "write a list")


def test_an_elision_is_seen_in_a_long_file_too() -> None:
    lines = [f"value_{n} = {n}\n" for n in range(9000)]
    old, gone = (
        "".join(lines),
        "".join(lines[:4000]) + "# the other imports of this part\n" + "".join(lines[4010:]),
    )
    with pytest.raises(Unusable, match="leaves lines out"):
        check(gone, Place(old, "", ""), "rename a value")


def test_a_diff_of_a_list_is_one() -> None:
    with pytest.raises(Unusable, match="diff"):
        check("-TODO\n+one\n", Place("TODO\n", "", "", markdown=True), "write a list")


TOTAL = (
    "def total(rows):\n    result = 0\n    seen = set()\n    for row in rows:\n        seen.add(row)\n"
    "        result += row.value\n    log(result)\n    return result\n"
)


@pytest.mark.parametrize(
    ("old", "new", "saying"),
    [
        (TOTAL, TOTAL.replace("= 0", "= 0.0").removesuffix("    log(result)\n    return result\n"), "last 2 lines"),
        (TOTAL, TOTAL.replace("= 0", "= 0.0").removesuffix("    return result\n"), "last line of the region is"),
        ("def f(x):\n    x = 1\n    y = z\n    return x + y\n", "def f(x):\n    x = 2\n", "last 2 lines"),
    ],
)  # fmt: skip
def test_a_short_tail_is_missed_too(old: str, new: str, saying: str) -> None:
    with pytest.raises(Unusable, match=saying):
        check(new, Place(old, "", ""), "start with a float")


@pytest.mark.parametrize(
    ("new", "instruction"),
    [
        ("def total(rows):\n    return sum(row.value for row in set(rows))\n", "use a generator"),
        (TOTAL.replace("    log(result)\n", ""), "do not log"),
        (TOTAL.replace("    log(result)\n    return result\n", ""), "neither log nor return anything"),
        (TOTAL.replace("    return result\n", ""), "there is no use in returning it"),
        (TOTAL.split("    log", maxsplit=1)[0], "keep the loop alone"),
    ],
)
def test_an_end_that_was_rewritten_or_given_up_is_not_missing(new: str, instruction: str) -> None:
    check(new, Place(TOTAL, "", ""), instruction)


@pytest.mark.parametrize(
    ("old", "answer", "new"),
    [
        ("func F(x int) int {\n\ty := x\n\treturn y\n}\n", "func F(x int) int {\n    y := x * 2\n    return y\n}\n",
         "func F(x int) int {\n\ty := x * 2\n\treturn y\n}\n"),
        ("\ty := x\n\tif y {\n\t\tz()\n\t}\n", "  y := x * 2\n  if y {\n    z()\n  }\n",
         "\ty := x * 2\n\tif y {\n\t\tz()\n\t}\n"),
        ("def f(x):\n  if x:\n    return 1\n", "def f(x):\n\tif x:\n\t\treturn 2\n", "def f(x):\n  if x:\n    return 2\n"),
        ("    def m(self):\n        return 1\n", "def m(self):\n        return 1 + 1\n", "    def m(self):\n        return 1 + 1\n"),
        ("    def m(self):\n        return 1\n", "def m(self):\n    return 1 + 1\n", "    def m(self):\n        return 1 + 1\n"),
        ("    x = 1\n    y = 2\n", "if a:\n    x = 1\n", "    if a:\n        x = 1\n"),
    ],
)  # fmt: skip
def test_the_indentation_is_the_regions_own(old: str, answer: str, new: str) -> None:
    assert extracted(fenced(answer, ""), Place(old, "", "")) == new


def test_tabs_are_learnt_from_around_a_region_that_has_no_indentation() -> None:
    place = Place("func F() {}\n", "func G() {\n\treturn\n}\n", "")
    assert extracted(fenced("func F() {\n    return\n}\n", "go"), place) == "func F() {\n\treturn\n}\n"


def test_the_likest_of_several_blocks_is_found_in_a_moment() -> None:
    lines = [f"    value_{n} = alpha * {n} + beta[{n % 7}]\n" for n in range(4000)]
    old, new = "".join(lines), "".join(lines).replace("+ beta", "- beta")
    answer = f"The idea:\n{fenced(''.join(new.splitlines(keepends=True)[:200]))}\nAll of it:\n{fenced(new)}"
    assert extracted(answer, Place(old, "", "")) == new


def test_lines_that_repeat_without_end_cost_no_more_than_others() -> None:
    old, around = "x = 1\n" * 30_000, "y = 2\n" * 30_000
    new = old.replace("1", "2")
    assert extracted(fenced(new), Place(old, around, around)) == new
    check(new, Place(old, around, around), "use two")
    fences = "```a\nx\n```\n" * 10_000
    with pytest.raises(Unusable, match="several code blocks"):
        extracted(fences, Place("".join(f"name_{n} = {n}\n" for n in range(20_000)), "", ""))
    many = "".join(f"name_{n} = {n}\n" for n in range(9_000))
    check(many.replace("\nname_8000 = 8000", "") + "z " * 40_000, Place(many, "", ""), "use it")


@pytest.mark.parametrize(
    ("answer", "new"),
    [
        ("    y += 1", "    y += 1\n"),
        ("    y += 1\n\n    return y\n", "    y += 1\n"),
        ("    y += 1\n    return y", "    y += 1\n"),
        ("# add one to y\n    y += 1\n", "    y += 1\n"),
        ("    y = x\n# add one to y\n    y += 1\n", "    y += 1\n"),
        ("```python\n    y += 1\n```", "    y += 1\n"),
        ("    if x:\n        y += 1\n", "    if x:\n        y += 1\n"),
    ],
)
def test_what_is_filled_in_takes_the_regions_lines_and_repeats_nothing(answer: str, new: str) -> None:
    before = "def f(x):\n    y = x\n"
    place = Place("\n", before, "    return y\n")
    assert filled(answer, place, f"{before}# add one to y\n") == new


def test_our_own_comment_is_never_filled_in_however_short_it_is() -> None:
    before = "def f(x):\n"
    assert filled("# id\n    y = id(x)\n", Place("\n", before, ""), f"{before}# id\n") == "    y = id(x)\n"
    assert filled("{\n  a\n", Place("\n", "f() {\n{\n", ""), "f() {\n{\n") == "{\n  a\n"


def test_what_is_filled_in_before_a_line_does_not_run_into_it() -> None:
    assert filled("x = 1", Place("", "", "y = 2\n"), "") == "x = 1\n"
    assert filled("+ 1", Place("", "x = 1 ", "\n"), "x = 1 ") == "+ 1"


def test_overlaps_are_the_longest_there_are() -> None:
    chance = random.Random(11)
    for _ in range(500):
        one, two = (chance.choices("ab", k=chance.randrange(8)) for _ in range(2))
        most = max(k for k in range(min(len(one), len(two)) + 1) if one[len(one) - k :] == two[:k])
        assert overlap(one, two) == most
