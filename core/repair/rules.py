"""Proposals of several tokens that the heads cannot make one by one: strings over lines, calls without brackets, blocks.

Each is a shape that people's repairs take; its score is the model's opinion of its tokens, but never below what the
rule itself is worth, so that it is tried even where a small model has no opinion.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sharpen.core.repair.plans import Change, Plan
from sharpen.core.repair.scene import Scene
from sharpen.core.repair.tokens import DEL
from sharpen.core.repair.told import told
from sharpen.core.repair.window import line_starts

ALL_FOREIGN = 12.0
"""Two signs of another language on one line: it was written in that language."""
QUOTES = ('"', "'", '"""', "'''")


def rules(scene: Scene, message: str) -> list[Plan]:
    """All that apply to the window and to what the parser said."""
    found = [*_closed_strings(scene), *_requoted(scene), *_called(scene, message), *_blocks(scene, message)]
    found += [*_arguments_gone(scene), *_line_gone(scene), *_docstring(scene), *_characters(scene, message)]
    found += [*_triple(scene, message), *_continued(scene, message)]
    return [*found, *_foreign(scene), *told(scene, message)]


def _put(scene: Scene, at: int, token: int) -> float:
    reading = scene.reading
    return float(reading.gaps[at, 1] - reading.gaps[at, 0] + reading.logits[at, token])


def _gone(scene: Scene, at: int) -> float:
    return float(scene.reading.noise[at] + scene.reading.logits[at, DEL])


def _named_lines(scene: Scene) -> Iterator[tuple[int, int]]:
    """[first token after the newline, end) of the named line and the one before it."""
    ends = [*scene.lines[1:], len(scene.shown)]
    for line, end in zip(scene.lines, ends, strict=False):
        if line <= scene.named[0] <= end or line < scene.named[1] <= end:
            yield line + 1, end


def _closed_strings(scene: Scene) -> Iterator[Plan]:
    """A quote at the line's end or before what closes the line; and with it one at the next line's start."""
    for first, end in _named_lines(scene):
        line = scene.shown[first:end]
        for quote in QUOTES:
            token = scene.codec.id_of(quote)
            if token is None or (len(quote) == 1 and quote not in line and '"' not in line):
                continue
            for back in range(4):
                at = end - back
                if at <= first:
                    break
                yield Plan((Change(at, True, (token,)),), max(_put(scene, at, token), -7.0 - back))
                if scene.shown[at - 1] not in {")", "]", "}", ",", ":", ";"}:
                    break
            if end + 1 < len(scene.shown) and len(quote) == 1:
                both = max(_put(scene, end, token) + _put(scene, end + 1, token), -9.0)
                yield Plan((Change(end, True, (token,)), Change(end + 1, True, (token,))), both)


def _triple(scene: Scene, message: str) -> Iterator[Plan]:
    """A lost or wrong triple quote: at a line's end, alone on an empty line, or the other kind in its place."""
    shown = scene.shown
    lines = set(scene.lines)
    for quote, other in (('"""', "'''"), ("'''", '"""')):
        token = scene.codec.id_of(quote)
        if token is None or quote not in scene.text:
            continue
        for at in scene.lines[1:]:
            yield Plan((Change(at, True, (token,)),), max(_put(scene, at, token), -9.0))
            if at + 1 in lines:
                yield Plan((Change(at + 1, True, (token,)),), max(_put(scene, at + 1, token), -9.0))
        for i, text in enumerate(shown):
            if text == other and "triple-quoted" in message:
                yield Plan((Change(i, False, (token,)),), -4.0)
    if "triple-quoted" in message:
        yield from _closed_later(scene)


def _closed_later(scene: Scene) -> Iterator[Plan]:
    """The named string closed at the end of one of the lines that follow, also after the window; or by the other kind."""
    text, at = scene.text, scene.window.spans[scene.named[0]][0]
    opened = re.search(r'"""|\'\'\'', text[at:])
    if opened is None:
        return
    quote = opened.group()
    begin = at + opened.end()
    wrong = text.find("'''" if quote == '"""' else '"""', begin)
    if wrong >= 0:
        yield Plan((), -4.0, ((wrong, wrong + 3, quote),))
    end = begin
    for n in range(60):
        end = text.find("\n", end + 1)
        if end < 0:
            yield Plan((), -6.0, ((len(text), len(text), quote),))
            return
        yield Plan((), -5.0 - 0.05 * n, ((end, end, quote),))


def _continued(scene: Scene, message: str) -> Iterator[Plan]:
    """A string that goes on in the next line put into one; backslashes that escape nothing taken away."""
    space = scene.codec.id_of(" ")
    if "unterminated string" in message and space is not None:
        for _, end in _named_lines(scene):
            if end < len(scene.shown):
                yield Plan((Change(end, False, (space,)),), -4.0)
    if "line continuation" in message:
        for first, end in _named_lines(scene):
            slashes = [i for i in range(first, end) if scene.shown[i] == "\\"]
            if slashes:
                yield Plan(tuple(Change(i, False, ()) for i in slashes), -2.0)


def _requoted(scene: Scene) -> Iterator[Plan]:
    """A string that holds its own quote: other quotes around it, from one quote of the line to another."""
    for first, end in _named_lines(scene):
        for quote, other in (("'", '"'), ('"', "'")):
            places = [i for i in range(first, end) if scene.shown[i] == quote]
            token = scene.codec.id_of(other)
            if token is None or len(places) < 3 or any(scene.shown[i] == other for i in range(first, end)):
                continue
            for k, a in enumerate(places[:6]):
                for b in places[k + 2 : k + 5]:
                    yield Plan((Change(a, False, (token,)), Change(b, False, (token,))), -8.0)


def _called(scene: Scene, message: str) -> Iterator[Plan]:
    """`print x` -> `print(x)`."""
    if "Missing parentheses" not in message and "invalid syntax" not in message:
        return
    opened, closed = scene.codec.id_of("("), scene.codec.id_of(")")
    for first, end in _named_lines(scene):
        for i in range(first, min(end - 1, first + 3)):
            if scene.shown[i].strip() not in {"print", "exec"} or opened is None or closed is None:
                continue
            after = scene.shown[i + 1]
            bare = (
                scene.codec.id_of(after.lstrip())
                if after[:1] == " " and after.strip()
                else scene.window.ids[i + 1]
            )
            if bare is None:
                continue
            comment = next((k for k in range(i + 1, end) if scene.shown[k].strip() == "#"), end)
            while scene.shown[comment - 1].isspace():
                comment -= 1
            changes = (Change(i + 1, False, (opened, bare)), Change(comment, True, (closed,)))
            yield Plan(changes, -1.0 if "Missing" in message else -6.0)


def _blocks(scene: Scene, message: str) -> Iterator[Plan]:
    """`pass` for a block that is not there; `except` for a `try` that has none."""
    a = scene.named[0]
    at = next((s for s in scene.lines if s >= a), None)
    before = [s for s in scene.starts if s < a]
    if at is None or not before:
        return
    if "expected an indented block" in message:
        header = next((s for s in reversed(before) if _ends_with_colon(scene, s)), before[-1])
        columns = len(scene.shown[header]) - 1 + 4
        after = next((s for s in scene.lines if s > header), at)
        new = scene.codec.encode("\n" + " " * columns + "pass").ids
        yield Plan((Change(after, True, tuple(new)),), -9.0)
    if "expected 'except' or 'finally'" in message:
        tries = [s for s in before if scene.shown[s + 1 : s + 3][0].strip() == "try"]
        for s in tries[-1:]:
            pad = " " * (len(scene.shown[s]) - 1)
            new = scene.codec.encode(f"\n{pad}except Exception:\n{pad}    pass").ids
            yield Plan((Change(at, True, tuple(new)),), -7.0)


def _ends_with_colon(scene: Scene, start: int) -> bool:
    end = next((s for s in scene.lines if s > start), len(scene.shown))
    return scene.shown[end - 1] == ":"


def _arguments_gone(scene: Scene) -> Iterator[Plan]:
    """What stands between a comma and the next comma or bracket, with the comma, deleted."""
    for first, end in _named_lines(scene):
        commas = [i for i in range(first, end) if scene.shown[i] == ","]
        for i in commas[:8]:
            j = i + 1
            while j < min(end, i + 9) and scene.shown[j] not in {",", ")", "]", "}"}:
                j += 1
            if 1 < j - i < 9:
                odds = sum(max(_gone(scene, k), -3.0) for k in range(i, j)) * 0.6
                yield Plan(tuple(Change(k, False, ()) for k in range(i, j)), max(odds - 3.0, -8.0))


def _line_gone(scene: Scene) -> Iterator[Plan]:
    """The named line deleted: the last resort."""
    for first, end in _named_lines(scene):
        if first - 1 > 0 and end - first < 40:
            odds = sum(max(_gone(scene, k), -3.0) for k in range(first - 1, end)) * 0.3
            yield Plan(tuple(Change(k, False, ()) for k in range(first - 1, end)), odds - 10.0)


def _docstring(scene: Scene) -> Iterator[Plan]:
    """Prose without its quotes: they go before the named line and after one of the lines that follow it."""
    text = scene.text
    starts = [*line_starts(text), len(text) + 1]
    row = next((n for n, s in enumerate(starts) if s > scene.window.spans[scene.named[0]][1]), 1) - 1
    line = text[starts[row] : starts[row + 1] - 1]
    if not _PROSE.match(line):
        return
    pad = len(line) - len(line.lstrip())
    for down in range(min(30, len(starts) - 1 - row)):
        end = starts[row + down + 1] - 1
        if text[starts[row + down] : end].strip():
            edits = ((starts[row] + pad, starts[row] + pad, '"""'), (end, end, '"""'))
            yield Plan((), -5.0 - 0.1 * down, edits)


_PROSE = re.compile(r"\s*[A-Za-z][\w',-]*(?: [\w',.-]+)+[.:!?]?\s*$")
_PLAIN = {
    "\u00a0": " ", "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\uff0c": ",", "\uff1a": ":",
    "\uff08": "(", "\uff09": ")", "\u2013": "-", "\u2014": "-", "\u2212": "-", "\uff1b": ";", "\u00d7": "*",
    "\u2026": "...", "\u2260": "!=", "\u2264": "<=", "\u2265": ">=", "\u3000": " ", "\uff1d": "=",
}  # fmt: skip


def _characters(scene: Scene, message: str) -> Iterator[Plan]:
    """A character that Python does not know: its plain likeness, or a space, or nothing, wherever it is near."""
    named = re.search(r"U\+([0-9A-F]{4,6})", message)
    if named is None:
        return
    bad = chr(int(named[1], 16))
    a, b = (scene.window.spans[k][0] for k in (scene.named[0], scene.named[1] - 1))
    window = range(scene.window.spans[0][0], scene.window.spans[-1][1])
    for low, high, cost in ((a, b + 200, 0.0), (window.start, window.stop, 0.5)):
        places = [k for k in range(low, min(high, len(scene.text))) if scene.text[k] == bad]
        if low == a and "\n" in scene.text[a:]:
            places = [k for k in places if "\n" not in scene.text[a + 1 : k]]
        for n, new in enumerate(dict.fromkeys([_PLAIN.get(bad, ""), " ", ""])):
            if places:
                yield Plan((), -1.0 - n - cost, tuple((k, k + 1, new) for k in places))


_FOREIGN = (
    (10.0, re.compile(r" ?&& ?"), " and "), (10.0, re.compile(r" ?\|\| ?"), " or "),
    (10.0, re.compile(r"!(?=[\w(])"), "not "), (1.0, re.compile(r"\b(?:else if|elsif|elseif)\b"), "elif"),
    (1.0, re.compile(r"(?<=[\w\])])\+\+"), " += 1"), (0.0, re.compile(r"(?<=[\w\])])--(?!\w)"), " -= 1"),
    (1.0, re.compile(r"^(\s*)//"), r"\1#"), (1.0, re.compile(r"<>"), "!="), (0.0, re.compile(r"=== ?"), "== "),
    (0.0, re.compile(r"^(\s*)(?:function|func|fn) (?=\w)"), r"\1def "), (0.0, re.compile(r"=<"), "<="),
    (0.0, re.compile(r"^(\s*)(?:let|const|var) (?=\w)"), r"\1"), (-1.0, re.compile(r"=>"), ">="),
    (0.0, re.compile(r"^(\s*)catch\b"), r"\1except"), (-1.0, re.compile(r" *\{\s*$"), ":"),
)  # fmt: skip


def _foreign(scene: Scene) -> Iterator[Plan]:
    """Another language's signs: on the named line, and on all lines of the window."""
    text = scene.text
    starts = line_starts(text)
    named = text.count("\n", 0, scene.window.spans[scene.named[1] - 1][1])
    yield from _all_foreign(text, starts, named)
    for worth, pattern, new in _FOREIGN:
        here, there = [], []
        for row in range(scene.window.first, scene.window.last):
            end = starts[row + 1] - 1 if row + 1 < len(starts) else len(text)
            line = text[starts[row] : end]
            changed = pattern.sub(new, line)
            if changed != line:
                edit = _narrowed(starts[row], line, changed)
                there.append(edit)
                if row in {named, named - 1}:
                    here.append(edit)
        if here:
            yield Plan((), worth, tuple(here))
        if len(there) > len(here) > 0:
            yield Plan((), worth - 1.0, tuple(there))


def _all_foreign(text: str, starts: list[int], row: int) -> Iterator[Plan]:
    """Several such signs on the named line, all of them at once."""
    if row >= len(starts):
        return
    end = starts[row + 1] - 1 if row + 1 < len(starts) else len(text)
    line = changed = text[starts[row] : end]
    kinds = 0
    for worth, pattern, new in _FOREIGN:
        following = pattern.sub(new, changed) if worth > 0 else changed
        kinds, changed = kinds + (following != changed), following
    if kinds > 1:
        yield Plan((), ALL_FOREIGN, (_narrowed(starts[row], line, changed),))


def _narrowed(start: int, old: str, new: str) -> tuple[int, int, str]:
    """The edit of a line without what both ends share."""
    low = 0
    while low < min(len(old), len(new)) and old[low] == new[low]:
        low += 1
    high = 0
    while high < min(len(old), len(new)) - low and old[-1 - high] == new[-1 - high]:
        high += 1
    return start + low, start + len(old) - high, new[low : len(new) - high]
