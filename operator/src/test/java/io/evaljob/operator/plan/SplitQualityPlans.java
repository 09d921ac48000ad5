package io.evaljob.operator.plan;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The planner's answers for {@code operator/bench/split-quality}, which compares them with others.
 *
 * <p>A line of the first file is a case, {@code number;model;memory of each device in bytes}; the
 * line of the second file is its answer, {@code number;device of each block in the order of the
 * model's rows}. The plan is of weights alone, without a reserve.
 */
public final class SplitQualityPlans {

  private SplitQualityPlans() {}

  /**
   * Answers every case.
   *
   * @param arguments the file with the cases, and the file to write
   * @throws IOException when a file cannot be read or written
   */
  public static void main(String[] arguments) throws IOException {
    Map<String, ModelFacts> models = RealModelsTest.models();
    try (PrintWriter out = new PrintWriter(arguments[1], StandardCharsets.UTF_8)) {
      for (String line : Files.readAllLines(Path.of(arguments[0]))) {
        String[] cells = line.split(";", -1);
        List<Long> memories =
            Arrays.stream(cells[2].split(",", -1)).map(Long::valueOf).collect(Collectors.toList());
        out.println(cells[0] + ";" + answer(models.get(cells[1]), memories));
      }
    }
  }

  private static String answer(ModelFacts facts, List<Long> memories) {
    Requests request =
        Requests.splittable(facts)
            .machine(memories)
            .devices(memories.size())
            .strategy(SplitStrategy.Layers);
    Map<String, Integer> devices = new HashMap<>();
    for (Assignment each : request.planned().split().orElseThrow().assignments()) {
      for (int block = each.first(); block < each.first() + each.count(); block++) {
        devices.put(each.moduleNames().get(0) + "#" + block, each.device());
      }
    }
    Map<String, Integer> next = new HashMap<>();
    List<String> answer = new ArrayList<>();
    for (Block run : facts.blocks()) {
      String module = run.moduleNames().get(0);
      for (int block = 0; block < run.count(); block++) {
        int index = next.merge(module, 1, Integer::sum) - 1;
        // A run that is not cut is one module, under its first block.
        answer.add(
            devices.getOrDefault(module + "#" + index, devices.get(module + "#0")).toString());
      }
    }
    return String.join(",", answer);
  }
}
