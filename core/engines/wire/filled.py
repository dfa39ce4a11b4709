"""From a fill-in-the-middle answer to the region's new text: code without a fence, and what stands around it cut off.

`core.engines.rewriter` calls it. Such a model sees a prompt and a suffix and no region; its text has to take the
region's place as whole lines, or two lines would become one.
"""

from __future__ import annotations

from sharpen.core.engines.wire.answer import Place, ended_as, unfenced
from sharpen.core.engines.wire.echoes import unrepeated


def filled(answer: str, place: Place, prompt: str) -> str:
    """The text for the region. `prompt`: what was sent as standing before it. Raises Unusable."""
    text = unfenced(answer, place)
    new = unrepeated(text, prompt, place.before, place.after)
    if not place.old and _at_line_start(place) and not new.endswith("\n"):
        return new + "\n"
    return ended_as(new, place.old)


def _at_line_start(place: Place) -> bool:
    """Whether an empty region stands before a line that has something in it."""
    return (not place.before or place.before.endswith("\n")) and place.after[:1] not in {"", "\n"}
