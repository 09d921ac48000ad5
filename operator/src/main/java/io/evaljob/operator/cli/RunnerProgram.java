package io.evaljob.operator.cli;

import io.evaljob.operator.resources.RunnerArchive;
import io.evaljob.operator.sandbox.kubelet.EnvironmentException;
import io.evaljob.operator.sandbox.kubelet.ProgressListener;
import io.evaljob.operator.sandbox.kubelet.VirtualEnvironments;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** The runner's archive as a program of this machine, in an environment with torch. */
final class RunnerProgram {

  private static final String REQUIREMENTS = "verify-devices.txt";

  private final List<String> command;
  private final Map<String, String> environment;
  private volatile Optional<Process> running = Optional.empty();

  private RunnerProgram(List<String> command, Map<String, String> environment) {
    this.command = List.copyOf(command);
    this.environment = Map.copyOf(environment);
  }

  /**
   * Writes the archive into a folder and finds its interpreter.
   *
   * @param python the interpreter; empty: an environment below {@code cache}, made where it is not
   *     there
   * @throws EnvironmentException when the environment cannot be made
   */
  static RunnerProgram in(
      Path folder,
      Optional<Path> python,
      Path cache,
      Map<String, String> environment,
      ProgressListener listener)
      throws IOException, EnvironmentException, InterruptedException {
    Path archive = folder.resolve(RunnerArchive.FILE_NAME);
    Files.write(archive, RunnerArchive.fromClassPath().bytes());
    Path interpreter;
    if (python.isPresent()) {
      interpreter = python.get().toAbsolutePath();
      if (!Files.isExecutable(interpreter) || Files.isDirectory(interpreter)) {
        throw new EnvironmentException(
            "--python: "
                + interpreter
                + " is not a program; name a python3 with torch, transformers and accelerate");
      }
    } else {
      Map<String, String> pip = new HashMap<>(environment);
      pip.keySet().removeIf(name -> name.startsWith("PYTHON") || name.equals("VIRTUAL_ENV"));
      interpreter =
          new VirtualEnvironments(cache, onPath(environment), pip, listener)
              .install(requirements())
              .python();
    }
    return new RunnerProgram(List.of(interpreter.toString(), archive.toString()), environment);
  }

  /**
   * Runs a role of the archive; its output goes to {@code out}, its errors to ours.
   *
   * @throws InterruptedException when this thread was interrupted, and it has ended since: it is
   *     {@link #stop} that ends it
   */
  int run(PrintWriter out, String... role) throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(command);
    all.addAll(List.of(role));
    ProcessBuilder builder = new ProcessBuilder(all).redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().clear();
    builder.environment().putAll(environment);
    Process process = builder.start();
    running = Optional.of(process);
    if (Thread.currentThread().isInterrupted()) {
      stop();
    }
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      process.getOutputStream().close();
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        out.println(line);
        out.flush();
      }
      int code = process.waitFor();
      // It does not look where the process has ended already.
      if (Thread.interrupted()) {
        throw new InterruptedException("stopped, exit code " + code);
      }
      return code;
    } finally {
      process.destroy();
    }
  }

  /** Ends what runs; called after the thread that runs it was interrupted. */
  void stop() {
    // Unlike its process, a handle leaves the stream open that is being read.
    running.map(Process::toHandle).ifPresent(ProcessHandle::destroy);
  }

  static List<String> requirements() throws IOException {
    try (InputStream in = RunnerProgram.class.getResourceAsStream(REQUIREMENTS)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.isBlank() && !line.startsWith("#"))
          .toList();
    }
  }

  private static Path onPath(Map<String, String> environment) throws EnvironmentException {
    return Stream.of(environment.getOrDefault("PATH", "").split(":", -1))
        .filter(folder -> !folder.isEmpty())
        .map(folder -> Path.of(folder).resolve("python3").toAbsolutePath())
        .filter(Files::isExecutable)
        .findFirst()
        .orElseThrow(
            () ->
                new EnvironmentException(
                    "python3 is not on the PATH; install it, or use --python"));
  }
}
