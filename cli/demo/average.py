"""Averages of numbers."""


def average(values):
    total = sum(values)
    count = len(values)
    if count == 0:
    return 0.0
    return total / count
