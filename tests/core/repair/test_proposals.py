"""Proposals without a model: a reading that has no opinion, so that each test speaks of one proposal alone."""

from __future__ import annotations

import numpy as np
import pytest

from sharpen.core.diagnose import syntax
from sharpen.core.engines.embedded import WEIGHTS
from sharpen.core.repair.moves import moves
from sharpen.core.repair.plans import Change, Plan, Reading, apply, joined
from sharpen.core.repair.prior import prior
from sharpen.core.repair.proposals import repeated, singles, together
from sharpen.core.repair.rules import rules
from sharpen.core.repair.scene import Scene
from sharpen.core.repair.splice import edits, rewrite
from sharpen.core.repair.tokens import Codec
from sharpen.core.repair.traits import Traits
from sharpen.core.repair.window import cut


@pytest.fixture(scope="module")
def codec() -> Codec:
    """The shipped vocabulary: proposals speak of tokens that the model really has."""
    return Codec(WEIGHTS / "tokenizer.json")


def scene_of(text: str, codec: Codec) -> tuple[Scene, str]:
    found = syntax(text)
    assert found is not None, "the text must be broken"
    window = cut(text, codec, found.line, found.column)
    t = len(window.ids)
    flat = np.full((t + 1, codec.size), -np.log(codec.size), np.float32)
    reading = Reading(window.ids, np.zeros(t, np.float32), np.full((t + 1, 8), -np.log(8), np.float32), flat)
    return Scene(text, window, reading, codec, Traits.of(codec)), found.message


def results(scene: Scene, plans: list[Plan], codec: Codec) -> set[str]:
    found = set()
    for plan in plans:
        changes = None if plan.masked else edits(scene.window, plan, codec)
        if changes is not None:
            found.add(rewrite(scene.text, changes))
    return found


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("url = 'http://a.org\nn = 1\n", "url = 'http://a.org'\nn = 1\n"),
        ('f("a, b)\nn = 1\n', 'f("a, b")\nn = 1\n'),
        ('x = ("one\n     two")\n', 'x = ("one"\n     "two")\n'),
        ("s = 'it's'\n", 's = "it\'s"\n'),
        ("print 1\n", "print(1)\n"),
        ("print x, y  # both\n", "print(x, y)  # both\n"),
        ("try:\n    f()\nx = 1\n", "try:\n    f()\nexcept Exception:\n    pass\nx = 1\n"),
        ("def f():\n\nx = 1\n", "def f():\n    pass\n\nx = 1\n"),
        ("m = max(j for j in a if j, default=1)\n", "m = max(j for j in a if j)\n"),
        ("What this file does\n\nx = 1\n", '"""What this file does"""\n\nx = 1\n'),
        (
            "What this file does\nand who wrote it\nx = 1\n",
            '"""What this file does\nand who wrote it"""\nx = 1\n',
        ),
        ("x =\u00a01\n", "x = 1\n"),
        ("f(\u201ca\u201d)\n", 'f("a")\n'),
        ("print(a, end = \\' \\')\n", "print(a, end = ' ')\n"),
        ('def f():\n    """Say it.\n    return 1\n', 'def f():\n    """Say it."""\n    return 1\n'),
        (
            "def f():\n    \"\"\"Say it.\n    '''\n    return 1\n",
            'def f():\n    """Say it.\n    """\n    return 1\n',
        ),
        ("if a && b:\n    c()\n", "if a and b:\n    c()\n"),
        ("if !a:\n    c()\nif !b:\n    d()\n", "if not a:\n    c()\nif not b:\n    d()\n"),
        ("if a:\n    b()\nelse if c:\n    d()\n", "if a:\n    b()\nelif c:\n    d()\n"),
        ("n++\n", "n += 1\n"),
        ("// say it\nn = 1\n", "# say it\nn = 1\n"),
        ("if a {\n    b()\n", "if a:\n    b()\n"),
        ("a = 1\nb = 2 3 4 nonsense\nc = 3\n", "a = 1\nc = 3\n"),
    ],
)
def test_a_rule_proposes_what_people_do(before: str, after: str, codec: Codec) -> None:
    scene, message = scene_of(before, codec)
    made = results(scene, rules(scene, message), codec)
    if "\u201c" in before:  # one kind of character a round
        assert before.replace("\u201c", '"') in made
    else:
        assert after in made


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("if a:\nb()\nc()\n", "if a:\n    b()\n    c()\n"),
        ("def f():\n    a = 1\n      b = 2\n    c = 3\n", "def f():\n    a = 1\n    b = 2\n    c = 3\n"),
        ("def f():\n  if a:\n      b()\n    c()\n", "def f():\n    if a:\n        b()\n        c()\n"),
        ("def f():\n\ta = 1\n\tb = 2\n        c = 3\n", "def f():\n\ta = 1\n\tb = 2\n\tc = 3\n"),
        ("class A:\n\tdef f(self):\n\treturn 1\n", "class A:\n\tdef f(self):\n\t\treturn 1\n"),
    ],
)
def test_lines_move_together_and_keep_their_tabs(before: str, after: str, codec: Codec) -> None:
    scene, _ = scene_of(before, codec)
    assert after in results(scene, moves(scene), codec)


def test_a_block_that_goes_on_after_the_window_moves_as_a_whole(codec: Codec) -> None:
    body = "".join(f"    value_{n} = compute({n}, {n} + 1)\n" for n in range(60))
    text = "x = 1\n" + body + "y = 2\n"
    scene, _ = scene_of(text, codec)
    assert scene.window.last < 50
    assert text.replace("\n    ", "\n") in results(scene, moves(scene), codec)


def test_every_sign_is_tried_at_every_place_near_the_error(codec: Codec) -> None:
    scene, _ = scene_of("f(a b)\n", codec)
    made = results(scene, singles(scene), codec)
    for sign in (",", " +", "="):
        assert f"f(a{sign} b)\n" in made
    assert "f(a b):\n" in made


def test_a_sign_that_goes_takes_the_space_with_it_that_it_would_leave(codec: Codec) -> None:
    scene, _ = scene_of("def f():\n    return (, )\n", codec)
    assert "def f():\n    return ()\n" in results(scene, singles(scene), codec)


def test_the_same_mistake_is_mended_wherever_it_stands(codec: Codec) -> None:
    scene, _ = scene_of("''''''\nWhat it is\n''''''\n", codec)
    one = singles(scene)
    assert "'''\nWhat it is\n'''\n" in results(scene, repeated(scene, one, len(one)), codec)


def test_changes_of_the_same_place_are_not_put_together() -> None:
    a = Plan((Change(1, False, (80,)),), -1.0)
    b = Plan((Change(1, False, (81,)),), -1.0)
    assert joined((a, b)) is None
    assert all(len({(c.at, c.insert) for c in p.changes}) == len(p.changes) for p in together([a, b]))


def test_a_word_of_several_tokens_can_become_a_keyword(codec: Codec) -> None:
    scene, _ = scene_of("for i in x:\n    pass\nels:\n    pass\nretrun = whlie x\n", codec)
    assert any(p.changes[0].new for p in singles(scene) if len(p.changes) > 1)


def test_the_prior_dislikes_what_only_pleases_the_parser(codec: Codec) -> None:
    scene, _ = scene_of("f(a\nb = 1\n", codec)
    shown = scene.shown
    close = Plan((Change(shown.index("a") + 1, True, (codec.encode(")").ids[0],)),), 0.0)
    gone = Plan((Change(shown.index("("), False, ()),), 0.0)
    comment = Plan((Change(shown.index("f"), True, (codec.encode("#").ids[0],)),), 0.0)
    join = Plan((Change(scene.lines[1], False, ()),), 0.0)
    assert all(prior(scene, close) > prior(scene, other) for other in (gone, comment, join))


def test_a_plan_applied_to_the_tokens_is_the_text_that_it_makes(codec: Codec) -> None:
    scene, _ = scene_of("x = (1, 2\ny = 3\n", codec)
    for plan in singles(scene)[:40]:
        changes = None if plan.masked else edits(scene.window, plan, codec)
        if changes is not None:
            assert codec.text_of(apply(scene.window.ids, plan)) == "\n" + rewrite(scene.text, changes)
