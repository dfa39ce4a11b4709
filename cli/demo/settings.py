"""Reads settings from a folder."""

import json


def load(folder):
    path = os.path.join(folder, "settings.json")
    if not os.path.exists(path):
        return {}
    with open(path) as file:
        return json.load(file)
