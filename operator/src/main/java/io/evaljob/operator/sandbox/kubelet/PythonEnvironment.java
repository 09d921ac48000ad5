package io.evaljob.operator.sandbox.kubelet;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What stands for a container image on one machine.
 *
 * @param python the interpreter that both names of Python mean to a pod; absolute
 * @param path folders put before {@code PATH}, the first wins
 * @param variables further variables of its processes
 */
public record PythonEnvironment(Path python, List<Path> path, Map<String, String> variables) {

  /** Copies what it is given. */
  public PythonEnvironment {
    path = List.copyOf(path);
    variables = Map.copyOf(variables);
  }
}
