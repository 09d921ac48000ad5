package io.evaljob.operator.sandbox.kubelet;

import io.evaljob.operator.sandbox.controller.ClusterView;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Makes a container a program of this machine: its words, its variables, its working folder. */
final class ContainerLaunch {

  private final Pod pod;
  private final Container container;
  private final Node node;
  private final PodFolder folder;
  private final PathMapping paths;

  /** Launches the only container of {@code pod}. */
  ContainerLaunch(Pod pod, Node node, PodFolder folder, PathMapping paths) {
    this.pod = pod;
    this.container = pod.getSpec().getContainers().get(0);
    this.node = node;
    this.folder = folder;
    this.paths = paths;
  }

  /**
   * The variables of the container's process.
   *
   * @throws ConfigProblem when a Secret or ConfigMap or its key is missing
   */
  Map<String, String> variables(PythonEnvironment environment, ClusterView view)
      throws ConfigProblem {
    ContainerEnvironment builder =
        new ContainerEnvironment(node.hostVariables(), node.processVariable());
    Map<String, String> variables = new LinkedHashMap<>(builder.of(pod, container, view, paths));
    List<String> search = new ArrayList<>();
    environment.path().forEach(part -> search.add(part.toString()));
    search.add(variables.getOrDefault("PATH", "/usr/local/bin:/usr/bin:/bin"));
    variables.put("PATH", String.join(":", search));
    variables.putAll(environment.variables());
    return variables;
  }

  /** Starts the container's process; its volumes are there. */
  LocalProcess start(PythonEnvironment environment, Map<String, String> variables)
      throws IOException {
    return LocalProcess.start(
        node.python(),
        folder.record(),
        command(environment, variables),
        variables,
        workingFolder(),
        pod.getMetadata().getUid());
  }

  private List<String> command(PythonEnvironment environment, Map<String, String> variables) {
    List<String> words = new ArrayList<>();
    container.getCommand().forEach(word -> words.add(word(word, variables)));
    container.getArgs().forEach(word -> words.add(word(word, variables)));
    if (words.isEmpty()) {
      throw new IllegalStateException(
          "container " + container.getName() + " has no command, and there is no image to ask");
    }
    if (words.get(0).equals("python3") || words.get(0).equals("python")) {
      words.set(0, environment.python().toString());
    }
    return words;
  }

  private String word(String word, Map<String, String> variables) {
    return paths.rewrite(
        ContainerEnvironment.expand(word, name -> Optional.ofNullable(variables.get(name))));
  }

  private Path workingFolder() throws IOException {
    String given = container.getWorkingDir();
    Path working =
        given == null || given.isEmpty() ? folder.fileSystem() : Path.of(paths.rewrite(given));
    Files.createDirectories(folder.fileSystem());
    if (!Files.isDirectory(working)) {
      Files.createDirectories(working);
    }
    return working;
  }
}
