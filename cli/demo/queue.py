"""A queue with a limit."""


class Queue:
    def __init__(self, limit):
        self.limit = limit
        self.items = []

    def push(self, item):
        if len(self.items) >= self.limit:
            raise ValueError("the queue is full)
        self.items.append(item)

    def pop(self):
        return self.items.pop(0)
