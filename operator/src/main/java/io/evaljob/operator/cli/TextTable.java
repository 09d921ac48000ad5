package io.evaljob.operator.cli;

import java.util.ArrayList;
import java.util.List;

/** Lines of cells, aligned in columns two spaces apart, as kubectl prints them. */
final class TextTable {

  private final List<List<String>> rows = new ArrayList<>();

  /** Adds a line; later lines may have fewer cells than the first. */
  TextTable row(String... cells) {
    rows.add(List.of(cells));
    return this;
  }

  /** The table as lines, each behind the given indent, without trailing spaces. */
  List<String> lines(String indent) {
    List<Integer> widths = new ArrayList<>();
    for (List<String> row : rows) {
      for (int column = 0; column < row.size(); column++) {
        int width = row.get(column).length();
        if (column == widths.size()) {
          widths.add(width);
        } else {
          widths.set(column, Math.max(widths.get(column), width));
        }
      }
    }
    List<String> lines = new ArrayList<>();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder(indent);
      for (int column = 0; column < row.size(); column++) {
        String cell = row.get(column);
        line.append(cell).append(" ".repeat(widths.get(column) - cell.length() + 2));
      }
      lines.add(line.toString().stripTrailing());
    }
    return lines;
  }
}
