package io.evaljob.operator.reconcile;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Draws what a {@link SimulatedHour} tells, as SVG that reads on a light and on a dark page. */
final class SimulatedHourPlots {

  private static final int WIDTH = 760;
  private static final int LEFT = 64;
  private static final int RIGHT = 724;
  private static final int TOP = 46;
  private static final int BOTTOM = 270;

  /** Devices at the top of the first plot: a little more than the greatest quota. */
  private static final int MOST = 78;

  private SimulatedHourPlots() {}

  /** Devices charged and held over the hour, below the quota. */
  static String devices(SimulatedHour.Tally tally) {
    StringBuilder svg = begin("Devices over one simulated hour", 330);
    for (int devices = 0; devices <= 72; devices += 18) {
      grid(svg, y(devices, MOST), Integer.toString(devices));
    }
    for (int minute = 0; minute <= 60; minute += 10) {
      text(svg, x(minute * 60), BOTTOM + 18, "middle", minute + " min");
    }
    StringBuilder quota = new StringBuilder();
    StringBuilder charged = new StringBuilder();
    StringBuilder held = new StringBuilder();
    int before = -1;
    for (int[] sample : tally.devices) {
      if (before >= 0 && before != sample[3]) {
        point(quota, x(sample[0]), y(before, MOST));
      }
      before = sample[3];
      point(quota, x(sample[0]), y(sample[3], MOST));
      point(charged, x(sample[0]), y(sample[1], MOST));
      point(held, x(sample[0]), y(sample[2], MOST));
    }
    line(svg, "quota", quota);
    line(svg, "charged", charged);
    line(svg, "held", held);
    legend(svg, "quota", LEFT, "quota");
    legend(svg, "charged", LEFT + 100, "charged in the ledger");
    legend(svg, "held", LEFT + 300, "held by pods");
    return svg.append("</svg>\n").toString();
  }

  /** Seconds from the queue to the grant: median and 95th of 100, by priority. */
  static String waits(SimulatedHour.Tally tally) {
    StringBuilder svg = begin("Wait for devices by priority", 330);
    Map<Integer, List<Long>> sorted = new TreeMap<>(tally.waits);
    long most =
        Math.max(1, sorted.values().stream().mapToLong(waits -> at(waits, 95)).max().orElse(1));
    long step = most < 200 ? 50 : (most / 400 + 1) * 100;
    for (long seconds = 0; seconds <= most; seconds += step) {
      grid(svg, y((double) seconds, most * 1.1), seconds + " s");
    }
    int slot = (RIGHT - LEFT) / Math.max(1, sorted.size());
    int left = LEFT;
    for (Map.Entry<Integer, List<Long>> one : sorted.entrySet()) {
      bar(svg, "held", left + slot / 2 - 60, at(one.getValue(), 50), most);
      bar(svg, "charged", left + slot / 2 + 4, at(one.getValue(), 95), most);
      text(
          svg,
          left + slot / 2.0,
          BOTTOM + 18,
          "middle",
          "priority " + one.getKey() + " (" + one.getValue().size() + " grants)");
      left += slot;
    }
    legend(svg, "held", LEFT, "median");
    legend(svg, "charged", LEFT + 120, "95th of 100");
    return svg.append("</svg>\n").toString();
  }

  /** The wait that so many of 100 do not exceed. */
  static long at(List<Long> waits, int of100) {
    List<Long> sorted = waits.stream().sorted().toList();
    return sorted.isEmpty() ? 0 : sorted.get((sorted.size() - 1) * of100 / 100);
  }

  private static StringBuilder begin(String title, int height) {
    return new StringBuilder()
        .append("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ")
        .append(WIDTH)
        .append(' ')
        .append(height)
        .append("\" role=\"img\" aria-label=\"")
        .append(title)
        .append("\">\n<style>\n")
        .append("text { font: 13px sans-serif; fill: #24292f }\n")
        .append(".title { font-size: 16px; font-weight: 600 }\n")
        .append(".grid { stroke: #8c959f; stroke-opacity: 0.35 }\n")
        .append("polyline { fill: none; stroke-width: 1.8 }\n")
        .append(".quota { stroke: #cf222e; fill: #cf222e }\n")
        .append(".charged { stroke: #bf8700; fill: #bf8700 }\n")
        .append(".held { stroke: #2f81f7; fill: #2f81f7 }\n")
        .append("polyline.quota, polyline.charged, polyline.held { fill: none }\n")
        .append(".page { fill: #ffffff }\n")
        .append("@media (prefers-color-scheme: dark) {\n")
        .append("  text { fill: #e6edf3 }\n  .page { fill: #0d1117 }\n}\n</style>\n")
        .append("<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n")
        .append("<text class=\"title\" x=\"")
        .append(LEFT)
        .append("\" y=\"26\">")
        .append(title)
        .append("</text>\n");
  }

  private static double x(int seconds) {
    return LEFT + (RIGHT - LEFT) * seconds / 3600.0;
  }

  private static double y(double value, double most) {
    return BOTTOM - (BOTTOM - TOP) * value / most;
  }

  private static void grid(StringBuilder svg, double y, String label) {
    svg.append(
        String.format(
            Locale.ROOT,
            "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>%n",
            LEFT,
            RIGHT,
            y,
            y));
    text(svg, LEFT - 8, y + 4, "end", label);
  }

  private static void text(StringBuilder svg, double x, double y, String anchor, String text) {
    svg.append(
        String.format(
            Locale.ROOT,
            "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>%n",
            x,
            y,
            anchor,
            text));
  }

  private static void point(StringBuilder line, double x, double y) {
    line.append(String.format(Locale.ROOT, "%.1f,%.1f ", x, y));
  }

  private static void line(StringBuilder svg, String name, StringBuilder points) {
    svg.append("<polyline class=\"")
        .append(name)
        .append("\" points=\"")
        .append(points.toString().strip())
        .append("\"/>\n");
  }

  private static void bar(StringBuilder svg, String name, int x, long value, long most) {
    double top = y((double) value, most * 1.1);
    svg.append(
        String.format(
            Locale.ROOT,
            "<rect class=\"%s\" x=\"%d\" y=\"%.1f\" width=\"56\" height=\"%.1f\"/>%n",
            name,
            x,
            top,
            BOTTOM - top));
    text(svg, x + 28, top - 5, "middle", value + " s");
  }

  private static void legend(StringBuilder svg, String name, int x, String label) {
    svg.append("<rect class=\"")
        .append(name)
        .append("\" x=\"")
        .append(x)
        .append("\" y=\"302\" width=\"14\" height=\"10\"/>\n");
    text(svg, x + 20, 312, "start", label);
  }
}
