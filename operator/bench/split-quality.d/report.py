"""Table, plot and details of the comparison."""
import csv
import statistics
import sys

BEGIN = "<!-- operator/bench/split-quality writes from here -->"
END = "<!-- to here -->"

TITLES = {
    "roomy": "Cards alike, of which the best split fills a quarter",
    "equal": "Cards alike, of which the best split fills 90 %",
    "mixed": "Cards of 80 and 48 GB by turns (or in that proportion), filled likewise to 90 %",
}
METHODS = ("EvalJob", "auto", "balanced_low_0", "equal counts", "InternVL rule", "72B rules")


def greatest(row):
    """Greatest load, relative to the optimum: 1 is perfect, more is worse."""
    return row.greatest / row.best_greatest


def headroom(row):
    """Least headroom, relative to the optimum: 1 is perfect, below 0 does not fit."""
    return row.headroom / row.best_headroom


def _quantile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


def _number(value):
    text = "%.3f" % value
    return text.replace("-", "−")


def table(rows):
    """Markdown tables, one for each kind of cards."""
    parts = []
    for kind, title in TITLES.items():
        own = [row for row in rows if row.kind == kind]
        if not own:
            continue
        models = len({row.model for row in own})
        counts = sorted({row.devices for row in own})
        parts.append("**%s**: %d models x %s devices\n" % (
            title, models, ", ".join(map(str, counts))))
        loads = kind != "mixed"
        head = ["split by", "cases"]
        head += ["greatest load ÷ optimum: median", "p90", "worst"] if loads else []
        head += ["least headroom ÷ optimum: median", "p10", "worst", "does not fit",
                 "with blocks on CPU", "with an empty device", "with a cut block",
                 "with inputs beside device 0"]
        lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
        for method in METHODS:
            found = [row for row in own if row.method == method]
            if not found:
                continue
            # What lies on the CPU is on no device: such a case has no load to compare.
            whole = [row for row in found if not row.spilled]
            cells = [method, str(len(found))]
            if loads:
                ratios = [greatest(row) for row in whole]
                cells += [_number(value) for value in (
                    statistics.median(ratios), _quantile(ratios, 0.9), max(ratios))]
            rooms = [headroom(row) for row in whole]
            cells += [_number(value) for value in (
                statistics.median(rooms), _quantile(rooms, 0.1), min(rooms))]
            cells += [str(count) for count in (
                sum(row.headroom < 0 for row in whole), sum(row.spilled > 0 for row in found),
                sum(row.empty > 0 for row in found), sum(row.cut > 0 for row in found),
                sum(row.elsewhere > 0 for row in found))]
            lines.append("| " + " | ".join(cells) + " |")
        surplus = [row for row in own if row.surplus]
        parts.append("\n".join(lines) + "\n")
        if surplus and kind == "roomy":
            parts.append("The older rules name layers that the model does not have in %d of their "
                         "%d cases.\n" % (len(surplus), sum(
                             row.method in METHODS[4:] for row in own)))
    parts.append("Loads and headrooms are those of cases without blocks on CPU. Versions: "
                 + versions() + ".")
    return "\n".join(parts)


def versions():
    """What was compared with."""
    from importlib import metadata
    return ", ".join("%s %s" % (name, metadata.version(name))
                     for name in ("accelerate", "torch")) + ", Python %d.%d" % sys.version_info[:2]


def write(path, text):
    """Puts the table between its two marks; the text around it is people's."""
    try:
        with open(path, encoding="utf-8") as file:
            document = file.read()
    except FileNotFoundError:
        document = BEGIN + "\n" + END + "\n"
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    with open(path, "w", encoding="utf-8") as file:
        file.write(before + BEGIN + "\n\n" + text + "\n\n" + END + after)


def details(rows, path):
    """Every case, one line each."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(rows[0]._fields)
        out.writerows(rows)


# The plot: for each way to split, the share of cases that are at most so far from the optimum.
WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 20, 20, 56
MOST = 2.0
COLOURS = {"EvalJob": "#1a9e5c", "auto": "#e0662f", "balanced_low_0": "#9a6bff",
           "equal counts": "#2f8fd8", "InternVL rule": "#c98a1b", "72B rules": "#e0457f"}
DASHES = {"EvalJob": "", "auto": "", "balanced_low_0": "6 3", "equal counts": "2 3",
          "InternVL rule": "9 3 2 3", "72B rules": "4 4"}


def plot(rows, path):
    """Curves of the greatest load on cards alike, on a background that any page can have."""
    def x(value):
        return LEFT + (value - 1) / (MOST - 1) * (WIDTH - LEFT - RIGHT)

    def y(share):
        return TOP + (1 - share) * (HEIGHT - TOP - BOTTOM)

    grey = "#7d8590"
    svg = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" '
           'font-size="13" role="img">' % (WIDTH, HEIGHT),
           "<title>Share of cases by greatest load divided by the optimum</title>"]
    for step in range(6):
        share = step / 5
        svg.append('<line x1="%g" x2="%g" y1="%g" y2="%g" stroke="%s" stroke-opacity="0.3"/>' % (
            LEFT, WIDTH - RIGHT, y(share), y(share), grey))
        svg.append('<text x="%g" y="%g" fill="%s" text-anchor="end">%d %%</text>' % (
            LEFT - 8, y(share) + 4, grey, share * 100))
    for step in range(6):
        value = 1 + step * (MOST - 1) / 5
        svg.append('<text x="%g" y="%g" fill="%s" text-anchor="middle">%.1f</text>' % (
            x(value), HEIGHT - BOTTOM + 20, grey, value))
    svg.append('<text x="%g" y="%g" fill="%s" text-anchor="middle">greatest load of a device ÷ '
               'optimum (cards alike with room to spare; cut off at %.0f)</text>' % (
                   (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, grey, MOST))
    at = 0
    for method in METHODS:
        found = [row for row in rows if row.kind == "roomy" and row.method == method]
        if not found:
            continue
        ratios = sorted(greatest(row) for row in found if not row.spilled)
        points, done = [(x(1), y(0))], 0
        for ratio in ratios:
            # Below 1 is who puts what receives inputs elsewhere than on device 0.
            ratio = max(1.0, ratio)
            if ratio > MOST:
                break
            points.append((x(ratio), points[-1][1]))
            done += 1
            points.append((x(ratio), y(done / len(found))))
        points.append((x(MOST), points[-1][1]))
        line = " ".join("%.1f,%.1f" % point for point in points)
        svg.append('<polyline points="%s" fill="none" stroke="%s" stroke-width="2.5" '
                   'stroke-dasharray="%s"/>' % (line, COLOURS[method], DASHES[method]))
        top = HEIGHT - BOTTOM - 130 + at * 20
        svg.append('<line x1="%g" x2="%g" y1="%g" y2="%g" stroke="%s" stroke-width="2.5" '
                   'stroke-dasharray="%s"/>' % (WIDTH - RIGHT - 230, WIDTH - RIGHT - 195, top, top,
                                                COLOURS[method], DASHES[method]))
        svg.append('<text x="%g" y="%g" fill="%s">%s (%d cases)</text>' % (
            WIDTH - RIGHT - 188, top + 4, COLOURS[method], method, len(found)))
        at += 1
    svg.append("</svg>")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(svg) + "\n")
