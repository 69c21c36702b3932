"""Label and answer out of JSON, as flows and hooks mail it."""

import json
from collections.abc import Iterator

MAX_DOCUMENT = 200_000  # characters
MAX_BRACKETS = 200


def json_leaves(text: str) -> tuple[tuple[str, str], ...]:
    """Every label with its answer in the JSON document of a text; () where there is none."""
    start = text.find("{")
    if not 0 <= start < 400 or len(text) > MAX_DOCUMENT or text.count("{") + text.count("[") > MAX_BRACKETS:
        return ()
    try:
        document, _ = json.JSONDecoder().raw_decode(text[start:])
    except (ValueError, RecursionError):
        return ()
    return tuple(_leaves(document))


def _leaves(node: object, label: str = "") -> Iterator[tuple[str, str]]:
    """Every label with its answer: {"Title": "x"}, [{"question": "Title", "answer": "x"}], lists of choices joined."""
    if isinstance(node, dict):
        keys = {str(key).casefold(): key for key in node}
        question = next((keys[k] for k in ("question", "label", "title", "name", "field") if k in keys), None)
        answer = next((keys[k] for k in ("answer", "value", "response") if k in keys), None)
        if question is not None and answer is not None:
            yield from _leaves(node[answer], str(node[question]))
            return
        for key, value in node.items():
            yield from _leaves(value, str(key))
    elif isinstance(node, list):
        if all(isinstance(item, str | int | float) for item in node):
            yield label, ", ".join(str(item) for item in node)
        else:
            for item in node:
                yield from _leaves(item, label)
    elif isinstance(node, str) and node.startswith('["') and node.endswith("]"):
        yield label, node.strip("[]").replace('","', ", ").strip('"')
    else:
        yield label, "" if node is None else str(node)
