package io.evaljob.operator.sandbox.kubelet;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Virtual environments made from complete lists of requirements, one folder each, named by the
 * list's hash and the interpreter, shared by all who use the same cache folder.
 *
 * <p>A folder counts only with its marker, which is written last: an installation that was killed
 * is begun anew. A file lock keeps other processes out meanwhile.
 */
public final class VirtualEnvironments {

  /** By folder; a file lock keeps out other processes, but not other threads of this one. */
  private static final Map<String, ReentrantLock> LOCKS = new ConcurrentHashMap<>();

  private static final int LAST_LINES = 8;
  private static final Duration LEFTOVER_GRACE = Duration.ofSeconds(2);
  private static final List<String> INTERPRETER_QUESTION =
      List.of(
          "-I",
          "-S",
          "-c",
          "import sys,platform;"
              + "print(sys.implementation.name,platform.python_version(),platform.machine(),sys.executable)");

  private final Path cache;
  private final Path python;
  private final Map<String, String> variables;
  private final ProgressListener listener;

  private volatile String interpreter;

  /**
   * Makes environments with one interpreter.
   *
   * @param cache folder of all environments
   * @param python the interpreter that they build on; absolute
   * @param variables variables of pip's process: search path, proxies, pip's own
   */
  public VirtualEnvironments(
      Path cache, Path python, Map<String, String> variables, ProgressListener listener) {
    this.cache = cache;
    this.python = python;
    this.variables = Map.copyOf(variables);
    this.listener = listener;
  }

  /** The environment of these requirements when it is complete. */
  public Optional<PythonEnvironment> find(List<String> requirements) throws EnvironmentException {
    Path folder = folder(requirements);
    return isComplete(folder) ? Optional.of(environment(folder)) : Optional.empty();
  }

  /**
   * The environment of these requirements, installed first when it is not complete.
   *
   * @throws EnvironmentException when pip or venv fails; the message ends with what they said
   */
  public PythonEnvironment install(List<String> requirements)
      throws EnvironmentException, InterruptedException {
    Path folder = folder(requirements);
    ReentrantLock lock = LOCKS.computeIfAbsent(folder.toString(), name -> new ReentrantLock());
    lock.lockInterruptibly();
    try {
      Files.createDirectories(cache);
      Path lockFile = folder.resolveSibling(folder.getFileName() + ".lock");
      try (FileChannel channel =
              FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock held = channel.lock()) {
        if (held.isValid() && !isComplete(folder)) {
          installAnew(folder, requirements);
        }
      }
      return environment(folder);
    } catch (IOException e) {
      if (Thread.interrupted()) {
        throw new InterruptedException("the installation was stopped");
      }
      throw new EnvironmentException("cannot make the environment in " + folder + ": " + e, e);
    } finally {
      lock.unlock();
    }
  }

  /** Output of a short program, for questions to an interpreter. */
  public static String ask(List<String> command, Map<String, String> variables) throws IOException {
    return LocalProcess.ask(command, variables);
  }

  private void installAnew(Path folder, List<String> requirements)
      throws IOException, EnvironmentException, InterruptedException {
    int total = (int) requirements.stream().filter(VirtualEnvironments::namesPackage).count();
    Path record = folder.resolveSibling(folder.getFileName() + ".process");
    String marker = folder.getFileName().toString();
    LocalProcess.endLeftover(record, marker, LEFTOVER_GRACE);
    if (Files.exists(folder)) {
      io.evaljob.operator.sandbox.controller.ClaimBinder.delete(folder);
    }
    Files.createDirectories(folder);
    listener.progress(
        new InstallProgress(
            folder, InstallProgress.Step.Started, 0, total, 0, "virtual environment"));
    try {
      Path list = folder.resolve("requirements.txt");
      Files.writeString(list, String.join("\n", requirements) + "\n");
      Path venv = folder.resolve("venv");
      makeVenv(venv, record, marker);
      PipOutput pip = new PipOutput(folder, total, listener);
      run(
          record,
          marker,
          List.of(
              venv.resolve("bin/python3").toString(),
              "-I",
              "-m",
              "pip",
              "install",
              "--no-deps",
              "--no-input",
              "--disable-pip-version-check",
              "--no-warn-script-location",
              "--progress-bar",
              "off",
              "-r",
              list.toString()),
          folder,
          pip,
          "pip could not install the requirements");
      writeMarker(folder);
      listener.progress(pip.finished());
    } catch (EnvironmentException e) {
      listener.progress(
          new InstallProgress(folder, InstallProgress.Step.Failed, 0, total, 0, e.getMessage()));
      throw e;
    } finally {
      Files.deleteIfExists(record);
    }
  }

  private void makeVenv(Path venv, Path record, String marker)
      throws IOException, EnvironmentException, InterruptedException {
    List<String> command = List.of(python.toString(), "-m", "venv", venv.toString());
    try {
      run(record, marker, command, venv.getParent(), line -> {}, "python3 -m venv failed");
    } catch (EnvironmentException e) {
      String said = e.getMessage();
      if (said.contains("ensurepip") || said.contains("No module named venv")) {
        throw new EnvironmentException(
            python
                + " cannot make virtual environments, because its venv module is not complete;"
                + " install it (Debian and Ubuntu: apt install python3-venv),"
                + " or name an environment that has the requirements with --python",
            e);
      }
      throw e;
    }
  }

  /** Listens to a program's output, line by line. */
  interface Lines {
    void line(String text);
  }

  private void run(
      Path record, String marker, List<String> command, Path folder, Lines lines, String failure)
      throws IOException, EnvironmentException, InterruptedException {
    Deque<String> last = new ArrayDeque<>();
    LocalProcess process = LocalProcess.start(python, record, command, variables, folder, marker);
    Thread reader =
        new Thread(
            () -> {
              try (BufferedReader text =
                  new BufferedReader(
                      new InputStreamReader(process.output(), StandardCharsets.UTF_8))) {
                for (String line = text.readLine(); line != null; line = text.readLine()) {
                  lines.line(line);
                  synchronized (last) {
                    last.addLast(line.strip());
                    if (last.size() > LAST_LINES) {
                      last.removeFirst();
                    }
                  }
                }
              } catch (IOException e) {
                // The stream ends with the process; what was read is all there is.
              }
            },
            "sandbox-install-output");
    reader.setDaemon(true);
    reader.start();
    int code;
    try {
      code = process.await();
      reader.join(5_000);
    } catch (InterruptedException e) {
      process.kill();
      throw e;
    }
    if (code != 0) {
      synchronized (last) {
        throw new EnvironmentException(
            failure + " (exit code " + code + "): " + String.join("\n", last));
      }
    }
  }

  private static void writeMarker(Path folder) throws IOException {
    try (FileChannel marker =
        FileChannel.open(
            folder.resolve("complete"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      marker.write(ByteBuffer.wrap("complete\n".getBytes(StandardCharsets.UTF_8)));
      marker.force(true);
    }
  }

  private static boolean isComplete(Path folder) {
    return Files.exists(folder.resolve("complete"))
        && Files.isExecutable(folder.resolve("venv/bin/python3"));
  }

  private static PythonEnvironment environment(Path folder) {
    Path venv = folder.resolve("venv");
    return new PythonEnvironment(
        venv.resolve("bin/python3"),
        List.of(venv.resolve("bin")),
        Map.of("VIRTUAL_ENV", venv.toString()));
  }

  private static boolean namesPackage(String line) {
    String text = line.strip();
    return !text.isEmpty() && !text.startsWith("#") && !text.startsWith("-");
  }

  private Path folder(List<String> requirements) throws EnvironmentException {
    try {
      if (interpreter == null) {
        List<String> question = new ArrayList<>();
        question.add(python.toString());
        question.addAll(INTERPRETER_QUESTION);
        interpreter = LocalProcess.ask(question, variables);
      }
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      String text = String.join("\n", requirements) + "\n" + interpreter + "\n";
      return cache.resolve(
          HexFormat.of().formatHex(digest.digest(text.getBytes(StandardCharsets.UTF_8))));
    } catch (IOException e) {
      throw new EnvironmentException(
          python + " does not answer: " + e.getMessage() + "; install python3", e);
    } catch (NoSuchAlgorithmException e) {
      throw new UncheckedIOException(new IOException(e));
    }
  }
}
