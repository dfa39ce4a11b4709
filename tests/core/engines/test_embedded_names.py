"""The embedded engine on undefined names, whole files and regions, over the road that every front end takes."""

from __future__ import annotations

from sharpen.core.candidate import Candidate, Verdict
from sharpen.core.canvas import Frame
from sharpen.core.diagnose import diagnose
from sharpen.core.document import Document
from sharpen.core.engines.embedded import EmbeddedEngine
from sharpen.core.events import Failed, Finished
from sharpen.core.region import Region
from sharpen.core.request import Request, Settings
from sharpen.core.session import Job, Target
from sharpen.core.session import run as road
from sharpen.core.verify import judge_for

TEXT = "import math\n\n\ndef f(values):\n    return value\n\n\ndef g(x):\n    return sqrt(x), os.sep\n"


def result(text: str, region: Region) -> str | None:
    """The text after the road's proposal; None where nothing held."""
    document = Document.from_bytes(text.encode(), path="code.py")
    found = tuple(d for d in diagnose(text) if region.contains(d.start_char, d.end_char))
    job = Job(
        instruction="fix the undefined names", targets=(Target(document, region, found),), action="propose"
    )
    events = list(road(job, EmbeddedEngine(), journal=None))
    if any(isinstance(e, Failed) for e in events):
        return None
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert finished.proposed is not None
    return finished.proposed.result("code.py").decode()


def test_all_undefined_names_of_a_file_are_repaired_together() -> None:
    whole = Region(0, len(TEXT))
    assert result(TEXT, whole) == (
        "import math\nimport os\n\n\ndef f(values):\n    return values\n\n\ndef g(x):\n    return math.sqrt(x), os.sep\n"
    )


def test_a_region_s_names_are_repaired_inside_it_and_the_others_stay() -> None:
    region = Region(TEXT.index("def f"), TEXT.index("def g"), "lines")
    assert result(TEXT, region) == TEXT.replace("return value\n", "return values\n")


def test_a_region_that_would_need_an_import_above_it_is_left_alone() -> None:
    body = "    return os.sep\n"
    text = "x = 1\n\n\ndef g(y):\n" + body
    assert result(text, Region(text.index(body), len(text), "lines")) is None


def test_every_frame_is_a_text_that_was_judged_or_the_text_as_it_came() -> None:
    document = Document.from_bytes(b"x = 1\n\n\ndef total(values):\n    return sum(valeus)\n", "a.py")
    judged: list[str] = []
    found = diagnose(document.text)
    judge = judge_for(document, document.whole(), found)

    def watch(new: str) -> Verdict:
        judged.append(new)
        return judge(new)

    engine = EmbeddedEngine()
    request = Request(
        "fix it", document, document.whole(), found, settings=Settings(frames=True), judge=watch
    )
    steps = list(engine.refine(request))
    frames = [one for one in steps if isinstance(one, Frame)]
    candidate = next(one for one in steps if isinstance(one, Candidate))
    assert len(frames) >= 3
    region = frames[0].canvas.region
    assert frames[0].canvas.text == document.text[region.start_char : region.end_char]
    doubted = [cell for cell in frames[0].canvas.cells if cell.state == "doomed"]
    assert [cell.text for cell in doubted] == ["valeus"]
    assert doubted[0].alternatives[0][0] == "values"
    for frame in frames[1:]:
        region = frame.canvas.region
        whole = document.text[: region.start_char] + frame.canvas.text + document.text[region.end_char :]
        assert whole in judged
    assert [frame.step for frame in frames] == sorted({frame.step for frame in frames})
    assert {cell.state for cell in frames[-1].canvas.cells} == {"context", "settled"}
    whole = document.text[: region.start_char] + frames[-1].canvas.text + document.text[region.end_char :]
    assert whole == candidate.text
