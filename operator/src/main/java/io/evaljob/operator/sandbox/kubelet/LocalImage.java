package io.evaljob.operator.sandbox.kubelet;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What stands for a container image on one machine.
 *
 * @param python the interpreter that both names of Python mean to a pod; absolute
 * @param path folders put before {@code PATH}, the first wins
 * @param variables further variables of its processes; container paths are rewritten in them
 * @param entrypoint program and first arguments of a container without a command; may be empty
 */
public record LocalImage(
    Path python, List<Path> path, Map<String, String> variables, List<String> entrypoint) {

  /** Copies what it is given. */
  public LocalImage {
    path = List.copyOf(path);
    variables = Map.copyOf(variables);
    entrypoint = List.copyOf(entrypoint);
  }

  /** An image that runs nothing unless a container names a command. */
  public LocalImage(Path python, List<Path> path, Map<String, String> variables) {
    this(python, path, variables, List.of());
  }
}
