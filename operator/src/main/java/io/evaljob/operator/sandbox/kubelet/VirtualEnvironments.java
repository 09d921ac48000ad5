package io.evaljob.operator.sandbox.kubelet;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
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
  public Optional<LocalImage> find(List<String> requirements) throws EnvironmentException {
    Path folder = folder(requirements);
    return Installation.isComplete(folder) ? Optional.of(environment(folder)) : Optional.empty();
  }

  /**
   * The environment of these requirements, installed first when it is not complete.
   *
   * @throws EnvironmentException when pip or venv fails; the message ends with what they said
   */
  public LocalImage install(List<String> requirements)
      throws EnvironmentException, InterruptedException {
    Path folder = folder(requirements);
    ReentrantLock lock = LOCKS.computeIfAbsent(folder.toString(), name -> new ReentrantLock());
    lock.lockInterruptibly();
    try {
      Files.createDirectories(cache);
      Path lockFile = folder.resolveSibling(folder.getFileName() + ".lock");
      try (FileChannel channel =
              FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock held = take(channel, folder, requirements)) {
        if (held.isValid() && !Installation.isComplete(folder)) {
          new Installation(folder, requirements, python, variables, listener).run();
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

  private FileLock take(FileChannel channel, Path folder, List<String> requirements)
      throws IOException {
    FileLock free = channel.tryLock();
    if (free != null) {
      return free;
    }
    try (InstallMeter meter =
        InstallMeter.start(folder, folder, Installation.venv(folder), listener)) {
      meter.waiting(Installation.named(requirements));
      return channel.lock();
    }
  }

  private static LocalImage environment(Path folder) {
    Path venv = Installation.venv(folder);
    return new LocalImage(
        venv.resolve("bin/python3"),
        List.of(venv.resolve("bin")),
        Map.of("VIRTUAL_ENV", venv.toString()));
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
