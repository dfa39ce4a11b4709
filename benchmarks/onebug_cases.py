"""The cases of `benchmarks.onebug`: small modules with their assertions, and one wrong token each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bug:
    """One case."""

    name: str
    kind: str
    right: str
    token: str
    """What is right, as often as it takes to be the only place in the text."""
    instead: str
    check: str

    @property
    def wrong(self) -> str:
        """The text with the bug."""
        if self.right.count(self.token) != 1:
            raise ValueError(f"{self.name}: {self.token!r} is not in one place")
        return self.right.replace(self.token, self.instead)


_MEDIAN = """def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2
"""
_MEDIAN_CHECK = (
    "assert median([3, 1, 2]) == 2\nassert median([4, 1, 3, 2]) == 2.5\nassert median([10, 2]) == 6\n"
)
_QUEUE = """class Ring:
    def __init__(self, size):
        self.size = size
        self.items = [None] * size
        self.head = 0
        self.count = 0

    def push(self, item):
        if self.count == self.size:
            raise OverflowError("full")
        self.items[(self.head + self.count) % self.size] = item
        self.count += 1

    def pop(self):
        if not self.count:
            raise IndexError("empty")
        item = self.items[self.head]
        self.head = (self.head + 1) % self.size
        self.count -= 1
        return item
"""
_QUEUE_CHECK = """ring = Ring(3)
for n in (1, 2, 3):
    ring.push(n)
assert ring.count == 3
assert [ring.pop(), ring.pop()] == [1, 2]
ring.push(4)
ring.push(5)
assert [ring.pop(), ring.pop(), ring.pop()] == [3, 4, 5]
try:
    ring.pop()
except IndexError:
    pass
else:
    raise AssertionError("popped from empty")
"""
_TEXT = """def wrap(text, width):
    lines = []
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    if line:
        lines.append(line)
    return lines
"""
_TEXT_CHECK = """assert wrap("a bb ccc", 4) == ["a bb", "ccc"]
assert wrap("", 4) == []
assert wrap("one two three", 7) == ["one two", "three"]
assert wrap("longer than", 3) == ["longer", "than"]
"""
_SEARCH = """def first_at_least(values, wanted):
    low, high = 0, len(values)
    while low < high:
        middle = (low + high) // 2
        if values[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low
"""
_SEARCH_CHECK = """assert first_at_least([1, 3, 5], 3) == 1
assert first_at_least([1, 3, 5], 4) == 2
assert first_at_least([1, 3, 5], 9) == 3
assert first_at_least([2, 2, 2], 2) == 0
assert first_at_least([], 1) == 0
"""
_MONEY = """def split_bill(total_cents, people, tip_percent):
    tip = total_cents * tip_percent // 100
    whole = total_cents + tip
    share, rest = divmod(whole, people)
    return [share + 1 if place < rest else share for place in range(people)]


def change(paid, price):
    if paid < price:
        raise ValueError("not enough")
    return paid - price
"""
_MONEY_CHECK = """assert split_bill(1000, 3, 10) == [367, 367, 366]
assert split_bill(900, 3, 0) == [300, 300, 300]
assert change(500, 320) == 180
assert change(5, 5) == 0
"""
_GRAPH = """def reachable(graph, start, blocked=()):
    seen = set()
    waiting = [start]
    while waiting:
        node = waiting.pop()
        if node in seen or node in blocked:
            continue
        seen.add(node)
        for other in graph.get(node, ()):
            waiting.append(other)
    return seen


def is_tree(graph, root):
    edges = sum(len(others) for others in graph.values())
    return len(reachable(graph, root)) == edges + 1
"""
_GRAPH_CHECK = """g = {"a": ["b", "c"], "b": ["d"], "d": ["a"]}
assert reachable(g, "a") == {"a", "b", "c", "d"}
assert reachable(g, "a", ("b",)) == {"a", "c"}
assert reachable({}, "x") == {"x"}
assert not is_tree(g, "a")
assert is_tree({"a": ["b", "c"], "c": ["d"]}, "a")
"""
_RANGES = """def overlap(one, two):
    start = max(one[0], two[0])
    end = min(one[1], two[1])
    return (start, end) if start < end else None


def merged(ranges):
    found = []
    for start, end in sorted(ranges):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found
"""
_RANGES_CHECK = """assert overlap((0, 5), (3, 9)) == (3, 5)
assert overlap((0, 2), (2, 4)) is None
assert overlap((4, 6), (0, 9)) == (4, 6)
assert merged([(5, 6), (0, 2), (2, 4)]) == [(0, 4), (5, 6)]
assert merged([(0, 9), (1, 2)]) == [(0, 9)]
assert merged([]) == []
"""

CASES = (
    Bug("median-floor", "operator", _MEDIAN, "len(ordered) // 2", "len(ordered) / 2", _MEDIAN_CHECK),
    Bug("median-add", "operator", _MEDIAN, "] + ordered", "] - ordered", _MEDIAN_CHECK),
    Bug("ring-mod", "operator", _QUEUE, "self.count) % self", "self.count) // self", _QUEUE_CHECK),
    Bug("ring-minus", "operator", _QUEUE, "self.count -= 1", "self.count += 1", _QUEUE_CHECK),
    Bug("bill-times", "operator", _MONEY, "total_cents * tip", "total_cents + tip", _MONEY_CHECK),
    Bug("change-minus", "operator", _MONEY, "paid - price", "paid + price", _MONEY_CHECK),
    Bug("search-less", "comparison", _SEARCH, "[middle] < wanted", "[middle] <= wanted", _SEARCH_CHECK),
    Bug("bill-less", "comparison", _MONEY, "place < rest", "place <= rest", _MONEY_CHECK),
    Bug("change-less", "comparison", _MONEY, "paid < price", "paid <= price", _MONEY_CHECK),
    Bug("wrap-greater", "comparison", _TEXT, "> width", ">= width", _TEXT_CHECK),
    Bug("overlap-less", "comparison", _RANGES, "if start < end", "if start <= end", _RANGES_CHECK),
    Bug("tree-equal", "comparison", _GRAPH, "root)) == edges", "root)) != edges", _GRAPH_CHECK),
    Bug("merged-less", "comparison", _RANGES, "start <= found", "start < found", _RANGES_CHECK),
    Bug("median-odd", "off by one", _MEDIAN, "middle - 1", "middle - 2", _MEDIAN_CHECK),
    Bug("search-next", "off by one", _SEARCH, "middle + 1", "middle + 0", _SEARCH_CHECK),
    Bug("ring-step", "off by one", _QUEUE, "self.head + 1", "self.head + 2", _QUEUE_CHECK),
    Bug("wrap-space", "off by one", _TEXT, "+ 1 +", "+ 2 +", _TEXT_CHECK),
    Bug("tree-edges", "off by one", _GRAPH, "edges + 1", "edges + 0", _GRAPH_CHECK),
    Bug("ring-start", "off by one", _QUEUE, "self.count = 0", "self.count = 1", _QUEUE_CHECK),
    Bug("search-high", "variable", _SEARCH, "high = middle\n", "low = middle\n", _SEARCH_CHECK),
    Bug("bill-whole", "variable", _MONEY, "divmod(whole, people)", "divmod(tip, people)", _MONEY_CHECK),
    Bug(
        "wrap-line", "variable", _TEXT, "            line = word\n", "            line = text\n", _TEXT_CHECK
    ),
    Bug("graph-node", "variable", _GRAPH, "seen.add(node)", "seen.add(start)", _GRAPH_CHECK),
    Bug("overlap-end", "variable", _RANGES, "return (start, end)", "return (start, start)", _RANGES_CHECK),
    Bug("bill-divmod", "arguments", _MONEY, "divmod(whole, people)", "divmod(people, whole)", _MONEY_CHECK),
    Bug("tree-call", "arguments", _GRAPH, "reachable(graph, root)", "reachable(root, graph)", _GRAPH_CHECK),
    Bug("graph-get", "arguments", _GRAPH, "graph.get(node, ())", "graph.get((), node)", _GRAPH_CHECK),
    Bug("ring-empty", "condition", _QUEUE, "if not self.count", "if self.count", _QUEUE_CHECK),
    Bug("graph-or", "condition", _GRAPH, "seen or node", "seen and node", _GRAPH_CHECK),
    Bug("wrap-and", "condition", _TEXT, "line and len", "line or len", _TEXT_CHECK),
    Bug("graph-in", "condition", _GRAPH, "node in seen", "node not in seen", _GRAPH_CHECK),
    Bug("merged-and", "condition", _RANGES, "found and start", "found or start", _RANGES_CHECK),
    Bug("overlap-max", "wrong function", _RANGES, "start = max(", "start = min(", _RANGES_CHECK),
    Bug("merged-max", "wrong function", _RANGES, "[0], max(", "[0], min(", _RANGES_CHECK),
    Bug(
        "wrap-append",
        "wrong function",
        _TEXT,
        "    if line:\n        lines.append",
        "    if line:\n        lines.extend",
        _TEXT_CHECK,
    ),
    Bug("wrap-join", "wrong function", _TEXT, "text.split()", "text.strip()", _TEXT_CHECK),
)
"""In the order of their kinds."""
