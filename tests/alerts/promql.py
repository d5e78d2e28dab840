"""A parser for the part of PromQL that the rules, runbooks and tests of this project use.

It exists because promtool says whether an expression is valid but not what is in it. Every node knows its place in the
text (start, end), so that the mutation test can cut exactly one operand out. What it does not know it refuses.
"""
import re
from dataclasses import dataclass, field

AGGREGATORS = {"sum", "avg", "min", "max", "count", "stddev", "stdvar", "group", "topk", "bottomk", "quantile", "count_values"}
COMPARISONS = {"==", "!=", ">", "<", ">=", "<="}
SET_OPERATORS = {"and", "or", "unless"}
PRECEDENCE = {"or": 1, "and": 2, "unless": 2, **{op: 3 for op in COMPARISONS}, "+": 4, "-": 4, "*": 5, "/": 5, "%": 5, "^": 6}
DURATION = r"(?:\d+(?:ms|[smhdwy]))+"
TOKEN = re.compile(
    r"\s*(?:#[^\n]*\n\s*)*(?:"
    rf"(?P<duration>{DURATION})(?!\w)"
    r"|(?P<number>\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
    r"|(?P<name>[a-zA-Z_][\w:]*)"
    r"|(?P<string>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')"
    r"|(?P<op>=~|!~|!=|==|>=|<=|[-+*/%^<>=(){}\[\],:]))")


@dataclass
class Node:
    start: int
    end: int


@dataclass
class Number(Node):
    text: str


@dataclass
class String(Node):
    text: str


@dataclass
class Selector(Node):
    name: str
    matchers: list = field(default_factory=list)  # (label, operator, value, start, end)
    window: str = ""  # of a range selector or subquery


@dataclass
class Subquery(Node):
    child: Node
    window: str


@dataclass
class Labels:
    kind: str  # by, without, on, ignoring
    names: list  # (label, start, end)

    def set(self):
        return {name for name, _, _ in self.names}


@dataclass
class Call(Node):
    function: str
    args: list
    function_end: int = 0


@dataclass
class Aggregation(Node):
    function: str
    args: list
    labels: Labels | None


@dataclass
class Binary(Node):
    op: str
    left: Node
    right: Node
    op_start: int
    matching: Labels | None
    bool_modifier: bool
    many: bool  # group_left: the left side keeps its labels


class Error(Exception):
    pass


class _Parser:
    def __init__(self, text):
        self.text = text
        self.tokens = []
        position = 0
        while text[position:].strip():
            match = TOKEN.match(text, position)
            if not match:
                raise Error(f"unexpected text at {text[position:position + 20]!r}")
            self.tokens.append((match.lastgroup, match[match.lastgroup], match.start(match.lastgroup), match.end()))
            position = match.end()
        self.index = 0

    def peek(self, offset=0):
        index = self.index + offset
        return self.tokens[index] if index < len(self.tokens) else ("end", "", len(self.text), len(self.text))

    def next(self):
        token = self.peek()
        if token[0] == "end":
            raise Error("unexpected end")
        self.index += 1
        return token

    def accept(self, *texts):
        return self.next() if self.peek()[0] in ("op", "name") and self.peek()[1] in texts else None

    def expect(self, text):
        token = self.accept(text)
        if not token:
            raise Error(f"expected {text!r} before {self.text[self.peek()[2]:][:20]!r}")
        return token

    def label_list(self, kind):
        self.expect("(")
        names = []
        while not self.accept(")"):
            _, name, start, end = self.next()
            names.append((name, start, end))
            self.accept(",")
        return Labels(kind, names)

    def expression(self, minimum=1):
        left = self.unary()
        while self.peek()[1] in PRECEDENCE and PRECEDENCE[self.peek()[1]] >= minimum:
            _, op, op_start, _ = self.next()
            bool_modifier = bool(self.accept("bool"))
            modifier = self.accept("on", "ignoring")
            matching = self.label_list(modifier[1]) if modifier else None
            many = bool(matching and self.accept("group_left"))
            if self.peek()[1] in ("group_left", "group_right"):
                raise Error("of the groupings only group_left is used in this project, and without labels of its own")
            # all operators but ^ bind to the left
            right = self.expression(PRECEDENCE[op] + (op != "^"))
            left = Binary(left.start, right.end, op, left, right, op_start, matching, bool_modifier, many)
        return left

    def unary(self):
        sign = self.accept("-", "+")
        node = self.unary() if sign else self.postfix(self.primary())
        if sign:
            node.start = sign[2]
        return node

    def postfix(self, node):
        while True:
            if self.accept("["):
                window = self.next()[1]
                if self.accept(":"):
                    if self.peek()[0] == "duration":
                        self.next()
                    end = self.expect("]")[3]
                    node = Subquery(node.start, end, node, window)
                else:
                    node.window, node.end = window, self.expect("]")[3]
            elif self.accept("offset"):
                node.end = self.next()[3]
            else:
                return node

    def primary(self):
        kind, text, start, end = self.next()
        if kind == "number":
            return Number(start, end, text)
        if kind == "string":
            return String(start, end, text)
        if text == "(":
            node = self.expression()
            node.start, node.end = start, self.expect(")")[3]
            return node
        if text == "{":
            self.index -= 1
            return self.selector("", start, start)
        if kind != "name":
            raise Error(f"unexpected {text!r}")
        if text in AGGREGATORS:
            return self.aggregation(text, start)
        if self.peek()[1] == "(":
            args, close = self.arguments()
            return Call(start, close, text, args, end)
        return self.selector(text, start, end)

    def arguments(self):
        self.expect("(")
        args = []
        while True:
            close = self.accept(")")
            if close:
                return args, close[3]
            args.append(self.expression())
            self.accept(",")

    def aggregation(self, function, start):
        modifier = self.accept("by", "without")
        labels = self.label_list(modifier[1]) if modifier else None
        args, end = self.arguments()
        modifier = self.accept("by", "without")
        if modifier:
            labels = self.label_list(modifier[1])
            end = self.peek(-1)[3]
        return Aggregation(start, end, function, args, labels)

    def selector(self, name, start, end):
        node = Selector(start, end, name)
        if self.accept("{"):
            while True:
                close = self.accept("}")
                if close:
                    node.end = close[3]
                    break
                _, label, label_start, _ = self.next()
                op = self.next()[1]
                _, value, _, value_end = self.next()
                node.matchers.append((label, op, value[1:-1], label_start, value_end))
                self.accept(",")
        return node


def parse(text):
    parser = _Parser(text)
    node = parser.expression()
    if parser.peek()[0] != "end":
        raise Error(f"unexpected {text[parser.peek()[2]:][:20]!r}")
    return node


def children(node):
    if isinstance(node, Binary):
        return [node.left, node.right]
    if isinstance(node, (Call, Aggregation)):
        return node.args
    if isinstance(node, Subquery):
        return [node.child]
    return []


def walk(node, parents=()):
    """Every node with its parents, the nearest one last."""
    yield node, parents
    for child in children(node):
        yield from walk(child, (*parents, node))


def seconds(duration):
    units = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
    if not re.fullmatch(DURATION, duration):
        raise Error(f"{duration!r} is no duration")
    return sum(int(n) * units[unit] for n, unit in re.findall(r"(\d+)(ms|[smhdwy])", duration))
