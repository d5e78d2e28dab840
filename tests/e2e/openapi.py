"""The exporter's own description of its API, and whether answers keep to it. Knows exactly as much of JSON Schema as
the description uses: a keyword that it does not know is an error, since ignoring it would let wrong answers pass."""

import json
import re

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "null": type(None),
         "number": (int, float)}
SILENT = {"description", "format"}  # they allow and forbid nothing


class Description:
    def __init__(self, text):
        self.document = json.loads(text)
        self.base = self.document["servers"][0]["url"]

    def paths(self):
        """Every path, from the root of the server."""
        return [self.base + path for path in self.document["paths"]]

    def check(self, path, answer):
        """Fails unless the description foresees this answer: status, media type, headers, content."""
        assert path.startswith(self.base), path
        responses = self.document["paths"][path[len(self.base):]]["get"]["responses"]
        assert str(answer.status) in responses, f"{path} may not answer {answer.status}: {answer.text}"
        response = self.resolve(responses[str(answer.status)])
        for header in response.get("headers", {}):
            assert header.lower() in answer.headers, f"{path}: no {header}"
        content = response.get("content")
        if content is None:
            assert answer.body == b"", f"{path}: {answer.status} with a body"
            return
        media = answer.headers["content-type"]
        assert media in content, f"{path}: {media} instead of {list(content)}"
        if media == "application/json":
            self.check_value(json.loads(answer.text), content[media]["schema"], path)

    def check_event(self, data):
        """Fails unless `data` is what the description foresees for an event of the stream."""
        content = self.document["paths"]["/sse"]["get"]["responses"]["200"]["content"]
        self.check_value(json.loads(data), content["text/event-stream"]["schema"], "event")

    def resolve(self, node):
        while "$ref" in node:
            target = self.document
            for step in node["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            node = target
        return node

    def check_value(self, value, schema, where):
        schema = self.resolve(schema)
        known = {"type", "enum", "required", "properties", "additionalProperties", "items", "minimum", "pattern"}
        assert set(schema) <= known | SILENT, f"{where}: this checker does not know {set(schema) - known - SILENT}"
        if "enum" in schema:
            assert value in schema["enum"], f"{where}: {value!r} is none of {schema['enum']}"
        if "type" in schema:
            names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
            # To Python, True is a number.
            fits = any(isinstance(value, TYPES[name]) and isinstance(value, bool) == (name == "boolean")
                       for name in names)
            assert fits, f"{where}: {value!r} is no {names}"
        if isinstance(value, (int, float)) and "minimum" in schema:
            assert value >= schema["minimum"], f"{where}: {value} is too small"
        if isinstance(value, str) and "pattern" in schema:
            assert re.search(schema["pattern"], value), f"{where}: {value!r} is not like {schema['pattern']}"
        if isinstance(value, list) and "items" in schema:
            for index, item in enumerate(value):
                self.check_value(item, schema["items"], f"{where}[{index}]")
        if isinstance(value, dict) and "properties" in schema:
            missing = set(schema.get("required", ())) - set(value)
            assert not missing, f"{where}: no {missing}"
            for name, member in value.items():
                assert name in schema["properties"] or schema.get("additionalProperties", True), f"{where}: {name}?"
                if name in schema["properties"]:
                    self.check_value(member, schema["properties"][name], f"{where}.{name}")
