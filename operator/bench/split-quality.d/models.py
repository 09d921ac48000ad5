"""The models of the comparison: blocks in the order of their modules, and what keeps them whole."""
import csv
import dataclasses
from typing import Dict, List, Tuple


@dataclasses.dataclass(frozen=True)
class Row:
    """A run of equal blocks: role, how many, bytes of one, module (numbered below it for a run)."""

    role: str
    count: int
    size: int
    module: str


@dataclasses.dataclass(frozen=True)
class Model:
    """A released model.

    `whole` names the classes that accelerate is told not to split, as its model class does.
    """

    name: str
    tied: bool
    rows: Tuple[Row, ...]
    whole: Tuple[str, ...]

    @property
    def first(self) -> int:
        """Bytes that receive inputs: vision, connector, embedding."""
        return self._sum("Vision", "Connector", "Embedding")

    @property
    def head(self) -> int:
        """Bytes of norm and head; a tied head is the embedding."""
        return self._sum("Norm", "Head")

    @property
    def layers(self) -> List[int]:
        """Bytes of each layer."""
        return [row.size for row in self.rows if row.role == "Layers" for _ in range(row.count)]

    @property
    def bytes(self) -> int:
        """Bytes of the whole model."""
        return self.first + self.head + sum(self.layers)

    def _sum(self, *roles):
        return sum(row.count * row.size for row in self.rows if row.role in roles)


def _rows(path):
    with open(path, encoding="utf-8") as file:
        yield from csv.reader((line for line in file if not line.startswith("#")), delimiter=";")


def read(blocks: str, classes: str) -> Dict[str, Model]:
    """Reads both tables; every model is in both."""
    whole = {name: tuple(names.split()) for name, _published, names in _rows(classes)}
    tied, rows = {}, {}
    for name, is_tied, role, count, size, module in _rows(blocks):
        tied[name] = is_tied == "true"
        rows.setdefault(name, []).append(Row(role, int(count), int(size), module))
    return {name: Model(name, tied[name], tuple(rows[name]), whole[name]) for name in rows}
