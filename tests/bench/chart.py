"""Draws lines over a numeric axis as an SVG file, for the documents; both axes from 0 on, or both logarithmic."""
import html
import math

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 36, 40, 52
COLOURS = ["#1f6feb", "#8b949e", "#bc4c00", "#1a7f37"]


def ticks(most):
    """Round numbers from 0 on, four to eight of them, of which the last is not below `most`."""
    power = 10 ** math.floor(math.log10(most / 4))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if most / (power * factor) <= 7)
    return [index * step for index in range(math.ceil(most / step - 1e-9) + 1)]


def powers(numbers):
    """The powers of ten around the numbers, which are greater than 0."""
    first = math.floor(math.log10(min(numbers)))
    last = max(first + 1, math.ceil(math.log10(max(numbers))))
    return [10 ** power for power in range(first, last + 1)]


def draw(title, x_label, y_label, lines, logarithmic=False):
    """The SVG as text. `lines` are (name, [(x, y)…], dashed); all numbers are at least 0, and some are not 0."""
    points = [point for _, line, _ in lines for point in line]
    axes = [[point[axis] for point in points] for axis in (0, 1)]
    xs, ys = (powers(numbers) if logarithmic else ticks(max(numbers)) for numbers in axes)

    def share(value, marks):
        return math.log(value / marks[0]) / math.log(marks[-1] / marks[0]) if logarithmic else value / marks[-1]

    def at(x, y):
        return (LEFT + share(x, xs) * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - share(y, ys) * (HEIGHT - TOP - BOTTOM))

    def text(x, y, words, anchor="middle", more=""):
        return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{html.escape(words)}</text>'

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
           f'font-family="sans-serif" font-size="12" fill="#1f2328">', f"<title>{html.escape(title)}</title>",
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
           text(WIDTH / 2, 18, title, more=' font-size="14" font-weight="bold"')]
    for y in ys:
        left, height = at(xs[0], y)
        out.append(f'<line x1="{left}" y1="{height:.1f}" x2="{WIDTH - RIGHT}" y2="{height:.1f}" stroke="#d0d7de"/>')
        out.append(text(left - 8, height + 4, f"{y:,.6g}", "end"))
    for x in xs:
        left, height = at(x, ys[0])
        out.append(text(left, height + 18, f"{x:,.6g}"))
    out.append(text(WIDTH / 2, HEIGHT - 12, x_label))
    out.append(text(16, HEIGHT / 2, y_label, more=f' transform="rotate(-90 16 {HEIGHT / 2})"'))
    for index, (name, line, dashed) in enumerate(lines):
        colour = COLOURS[index % len(COLOURS)]
        path = " ".join(f"{left:.1f},{height:.1f}" for left, height in (at(*point) for point in line))
        dash = ' stroke-dasharray="6 4"' if dashed else ""
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        if not dashed:
            out += [f'<circle cx="{left:.1f}" cy="{height:.1f}" r="3.5" fill="{colour}"/>'
                    for left, height in (at(*point) for point in line)]
        height = TOP + 12 + 18 * index
        out.append(f'<line x1="{LEFT + 12}" y1="{height}" x2="{LEFT + 40}" y2="{height}" stroke="{colour}" '
                   f'stroke-width="2"{dash}/>')
        out.append(text(LEFT + 48, height + 4, name, "start"))
    return "\n".join([*out, "</svg>"]) + "\n"
