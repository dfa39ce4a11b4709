"""Counts the words of a text."""

import re


def words(text):
    return re.findall(r"[a-z']+", text.lower()


def frequent(text, limit=10):
    counts = {}
    for word in words(text):
        counts[word] = counts.get(word, 0) + 1
    return sorted(counts, key=counts.get, reverse=True)[:limit]
