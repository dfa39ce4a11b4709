"""Train the tokenizer: byte-level BPE inside the pieces that `core.repair.tokens.SPLIT` makes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from sharpen.core.repair.tokens import FIRST_TEXT, SPLIT

SIZE = 6144


def train(units: Path, out: Path, characters: int = 12_000_000) -> int:
    """Write `tokenizer.json` learned from the first `characters` of the units; returns the vocabulary's size."""
    from tokenizers import AddedToken, Regex, Tokenizer, models, pre_tokenizers, trainers

    named = ["<pad>", "<mask>", "<del>", "<sep>", "<bos>"]
    special = named + [f"<r{i}>" for i in range(FIRST_TEXT - len(named))]
    indents = ["\n" + " " * n for n in range(41)] + ["\n" + "\t" * n for n in range(1, 7)]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=SIZE - len(indents),
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )

    def texts() -> Iterator[str]:
        seen = 0
        with units.open(encoding="utf-8") as f:
            for line in f:
                text = json.loads(line)["text"]
                seen += len(text)
                if seen > characters:
                    return
                # indentation gets tokens of its own below: here it would only use up merges
                yield "\n".join(x.lstrip(" ") for x in text.split("\n"))

    tokenizer.train_from_iterator(texts(), trainer)
    tokenizer.add_tokens([AddedToken(x, normalized=False) for x in indents])
    out.parent.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(out))
    return int(tokenizer.get_vocab_size())
