from __future__ import annotations

from sharpen.core.repair.plans import Change, Plan, apply
from sharpen.core.repair.splice import edits, rewrite
from sharpen.core.repair.tokens import Codec
from sharpen.core.repair.window import cut


def test_a_plan_changes_only_its_own_tokens(codec: Codec) -> None:
    text = "if x = 3\n    y = (1\n"
    window = cut(text, codec, 1, 6)
    equals = codec.id_of(" ==")
    colon, closer = codec.id_of(":"), codec.id_of(")")
    assert equals
    assert colon
    assert closer
    words = [text[a:b] for a, b in window.spans]
    at, line = words.index(" ="), words.index("\n    ")
    plan = Plan(
        (Change(at, False, (equals,)), Change(line, True, (colon,)), Change(len(words) - 1, True, (closer,))),
        0.0,
    )
    changes = edits(window, plan, codec)
    assert changes is not None
    assert rewrite(text, changes) == "if x == 3:\n    y = (1)\n"


def test_the_window_after_a_plan_is_the_text_after_it(codec: Codec) -> None:
    text = "a = [1, 2\nb = 3\n"
    window = cut(text, codec, 1, 5)
    closer = codec.id_of("]")
    assert closer
    at = [text[a:b] for a, b in window.spans].index("\n")
    plan = Plan((Change(at or 1, True, (closer,)),), 0.0)
    changes = edits(window, plan, codec)
    assert changes is not None
    assert codec.text_of(apply(window.ids, plan)) == "\n" + rewrite(text, changes)


def test_the_first_line_can_lose_its_indentation(codec: Codec) -> None:
    text = "    x = 1\ny = 2\n"
    window = cut(text, codec, 1)
    flat = codec.id_of("\n")
    assert flat
    changes = edits(window, Plan((Change(0, False, (flat,)),), 0.0), codec)
    assert changes is not None
    assert rewrite(text, changes) == "x = 1\ny = 2\n"


def test_a_part_of_a_character_is_never_cut(codec: Codec) -> None:
    text = "x = 中\n"
    window = cut(text, codec, 1)
    at = next(i for i, (a, b) in enumerate(window.spans) if text[a:b] == "中")
    assert edits(window, Plan((Change(at, False, ()),), 0.0), codec) is None
