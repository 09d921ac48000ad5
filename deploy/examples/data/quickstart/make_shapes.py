"""Made shapes.tsv: twelve questions about pictures that this script draws.

    python3 make_shapes.py > shapes.tsv

Standard library only. One row is one question in VLMEvalKit's TSV format: the picture
as base64 PNG, four options, the right letter, a category. The letters are balanced
(three of each), so a model that guesses scores 0.25 on average.
"""
import base64
import csv
import struct
import sys
import zlib

SIZE = 64
COLOURS = {
    "white": (255, 255, 255), "red": (214, 39, 40), "green": (44, 160, 44),
    "blue": (31, 119, 180), "yellow": (240, 200, 20),
}
NAMES = list(COLOURS)


def circle(x, y, cx, cy, r):
    return (x - cx) ** 2 + (y - cy) ** 2 <= r * r


def square(x, y, cx, cy, r):
    return abs(x - cx) <= r and abs(y - cy) <= r


def triangle(x, y, cx, cy, r):
    return cy - r <= y <= cy + r and 2 * abs(x - cx) <= y - (cy - r)


def cross(x, y, cx, cy, r):
    return square(x, y, cx, cy, r) and min(abs(x - cx), abs(y - cy)) <= r // 3


def draw(*shapes):
    """A palette PNG of SIZE x SIZE; each shape is (function, colour, centre x, centre y, radius)."""
    rows = bytearray()
    for y in range(SIZE):
        rows.append(0)
        for x in range(SIZE):
            pixel = 0
            for inside, colour, cx, cy, r in shapes:
                if inside(x, y, cx, cy, r):
                    pixel = NAMES.index(colour)
            rows.append(pixel)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", SIZE, SIZE, 8, 3, 0, 0, 0))
        + chunk(b"PLTE", b"".join(bytes(c) for c in COLOURS.values()))
        + chunk(b"IDAT", zlib.compress(bytes(rows), 9))
        + chunk(b"IEND", b"")
    )


def dots(n, colour):
    places = [(16, 16), (48, 16), (16, 48), (48, 48)]
    return draw(*[(circle, colour, x, y, 10) for x, y in places[:n]])


COLOUR = ("What colour is the shape?", "red", "green", "blue", "yellow")
SHAPE = ("Which shape is it?", "circle", "square", "triangle", "cross")
COUNT = ("How many circles are there?", "one", "two", "three", "four")
PLACE = ("Where in the picture is the square?", "top left", "top right", "bottom left", "bottom right")
ROWS = [
    ("colour", COLOUR, "A", draw((circle, "red", 32, 32, 22))),
    ("colour", COLOUR, "C", draw((square, "blue", 32, 32, 20))),
    ("colour", COLOUR, "D", draw((triangle, "yellow", 32, 32, 24))),
    ("shape", SHAPE, "B", draw((square, "green", 32, 32, 20))),
    ("shape", SHAPE, "C", draw((triangle, "red", 32, 32, 24))),
    ("shape", SHAPE, "D", draw((cross, "blue", 32, 32, 24))),
    ("count", COUNT, "A", dots(1, "green")),
    ("count", COUNT, "B", dots(2, "red")),
    ("count", COUNT, "D", dots(4, "yellow")),
    ("place", PLACE, "A", draw((square, "blue", 16, 16, 12))),
    ("place", PLACE, "B", draw((square, "red", 48, 16, 12))),
    ("place", PLACE, "C", draw((square, "green", 16, 48, 12))),
]


def main():
    out = csv.writer(sys.stdout, delimiter="\t", lineterminator="\n")
    out.writerow(["index", "question", "A", "B", "C", "D", "answer", "category", "image"])
    for index, (category, question, answer, image) in enumerate(ROWS):
        picture = base64.b64encode(image).decode()
        out.writerow([index, *question, answer, category, picture])


if __name__ == "__main__":
    main()
