"""Totals of an invoice."""

from dataclasses import dataclass


@dataclass
class Item:
    name: str
    price: float
    count: int = 1


def total(items, discount=0.0):
    result = 0.0
    for item in items
        result += item.price * item.count
    return round(result * (1 - discount), 2)
