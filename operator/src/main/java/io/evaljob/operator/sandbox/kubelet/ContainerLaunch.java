package io.evaljob.operator.sandbox.kubelet;

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

  /**
   * A container that can be started.
   *
   * @param variables all of the process's variables
   * @param tokens token files, to be kept fresh
   */
  record Prepared(
      LocalImage image, Map<String, String> variables, List<PodVolumes.TokenFile> tokens) {}

  private final Pod pod;
  private final Container container;
  private final PodGrant grant;
  private final Node node;
  private final PodFolder folder;
  private final PathMapping paths;

  /** Launches the only container of {@code pod}. */
  ContainerLaunch(Pod pod, PodGrant grant, Node node, PodFolder folder, PathMapping paths) {
    this.pod = pod;
    this.container = pod.getSpec().getContainers().get(0);
    this.grant = grant;
    this.node = node;
    this.folder = folder;
    this.paths = paths;
  }

  /**
   * Lays out volumes and variables.
   *
   * @throws ConfigProblem when a Secret, ConfigMap or claim or its key is missing
   */
  Prepared prepare(LocalImage image) throws ConfigProblem, IOException {
    List<PodVolumes.TokenFile> tokens =
        new PodVolumes(node).mount(pod, container, grant, folder, paths);
    Files.deleteIfExists(paths.local(PodFolder.terminationPath(container)));
    return new Prepared(image, variables(image), tokens);
  }

  private Map<String, String> variables(LocalImage image) throws ConfigProblem {
    ContainerEnvironment builder = new ContainerEnvironment(node, grant);
    Map<String, String> variables = new LinkedHashMap<>(builder.of(pod, container, paths));
    List<String> search = new ArrayList<>();
    image.path().forEach(part -> search.add(part.toString()));
    search.add(variables.getOrDefault("PATH", "/usr/local/bin:/usr/bin:/bin"));
    variables.put("PATH", String.join(":", search));
    image.variables().forEach((name, value) -> variables.put(name, paths.rewrite(value)));
    return variables;
  }

  /** Starts the container's process. */
  LocalProcess start(Prepared prepared) throws IOException {
    return LocalProcess.start(
        node.python(),
        folder.record(),
        command(prepared.image(), prepared.variables()),
        prepared.variables(),
        workingFolder(),
        pod.getMetadata().getUid());
  }

  private List<String> command(LocalImage image, Map<String, String> variables) {
    List<String> words = new ArrayList<>();
    if (container.getCommand().isEmpty()) {
      words.addAll(image.entrypoint());
    }
    container.getCommand().forEach(word -> words.add(word(word, variables)));
    container.getArgs().forEach(word -> words.add(word(word, variables)));
    if (words.isEmpty()) {
      throw new IllegalStateException(
          "container " + container.getName() + " has no command, and there is no image to ask");
    }
    if (words.get(0).equals("python3") || words.get(0).equals("python")) {
      words.set(0, image.python().toString());
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
