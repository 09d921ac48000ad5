package io.evaljob.operator.sandbox.kubelet;

import io.evaljob.operator.sandbox.controller.ClaimBinder;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes one environment in a folder that nobody else uses meanwhile: virtual environment, size of
 * the download, space on the disk, pip, marker. What does not come to the marker is deleted, by
 * this installation or, where that was killed, by the next one.
 */
final class Installation {

  private static final Logger LOG = LoggerFactory.getLogger(Installation.class);
  private static final Duration LEFTOVER_GRACE = Duration.ofSeconds(2);

  /**
   * Disk needed for each byte to fetch: pip keeps all files until all are unpacked, and they unpack
   * to about twice their size (2.9 at the most while the quickstart's 122 packages were installed).
   */
  private static final long SPACE_FACTOR = 3;

  private static final Pattern SIZE = Pattern.compile("(\\d+) (\\d+)");

  private final Path folder;
  private final List<String> requirements;
  private final Path python;
  private final InstallMeter meter;
  private final Path venv;
  private final Path list;
  private final Path downloads;
  private final RecordedProgram program;

  /**
   * Prepares an installation.
   *
   * @param python the interpreter that the environment builds on; absolute
   * @param variables variables of its processes
   */
  Installation(
      Path folder,
      List<String> requirements,
      Path python,
      Map<String, String> variables,
      ProgressListener listener) {
    this.folder = folder;
    this.requirements = List.copyOf(requirements);
    this.python = python;
    this.venv = venv(folder);
    this.list = folder.resolve("requirements.txt");
    this.downloads = folder.resolve("tmp");
    Map<String, String> all = new HashMap<>(variables);
    // On the disk whose space is checked (the usual folder may be small and in memory), where the
    // meter sees it, and gone with the environment if this process is killed.
    all.put("TMPDIR", downloads.toString());
    this.program =
        new RecordedProgram(
            python,
            folder.resolveSibling(folder.getFileName() + ".process"),
            folder.getFileName().toString(),
            folder,
            all);
    this.meter = InstallMeter.start(folder, downloads, venv, listener);
  }

  static Path venv(Path folder) {
    return folder.resolve("venv");
  }

  static boolean isComplete(Path folder) {
    return Files.exists(folder.resolve("complete"))
        && Files.isExecutable(venv(folder).resolve("bin/python3"));
  }

  /** Makes the environment; what an earlier installation left there is ended and deleted. */
  void run() throws IOException, EnvironmentException, InterruptedException {
    try (meter) {
      meter.preparing(named(requirements), "making the virtual environment");
      LocalProcess.endLeftover(program.record(), program.marker(), LEFTOVER_GRACE);
      clear();
      Files.createDirectories(downloads);
      Files.writeString(list, String.join("\n", requirements) + "\n");
      makeVenv();
      meter.preparing(named(requirements), "asking for the size of the download");
      announce();
      pip();
      ClaimBinder.delete(downloads);
      writeMarker();
      meter.finished();
    } catch (EnvironmentException e) {
      meter.failed(e.getMessage());
      throw e;
    } catch (IOException e) {
      if (!Thread.currentThread().isInterrupted()) {
        meter.failed(e.toString());
      }
      throw e;
    } finally {
      Files.deleteIfExists(program.record());
      if (!isComplete(folder)) {
        clear();
      }
    }
  }

  /** How many lines name a package; some may not be for this machine. */
  static int named(List<String> requirements) {
    return (int)
        requirements.stream()
            .map(String::strip)
            .filter(line -> !line.isEmpty() && !line.startsWith("#") && !line.startsWith("-"))
            .count();
  }

  private void clear() throws IOException {
    if (Files.exists(folder)) {
      ClaimBinder.delete(folder);
    }
  }

  private void makeVenv() throws IOException, EnvironmentException, InterruptedException {
    AtomicBoolean incomplete = new AtomicBoolean();
    try {
      program.run(
          List.of(python.toString(), "-m", "venv", venv.toString()),
          line -> {
            if (line.contains("ensurepip") || line.contains("No module named venv")) {
              incomplete.set(true);
            }
          },
          "python3 -m venv failed");
    } catch (EnvironmentException e) {
      if (incomplete.get()) {
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

  private String interpreter() {
    return venv.resolve("bin/python3").toString();
  }

  /** Tells the size of the download and refuses one that the disk cannot take. */
  private void announce() throws IOException, EnvironmentException, InterruptedException {
    AtomicReference<String> answer = new AtomicReference<>("");
    try {
      program.run(
          List.of(interpreter(), "-I", "-c", sizeScript(), list.toString()),
          line -> {
            if (SIZE.matcher(line).matches()) {
              answer.set(line);
            }
          },
          "no size");
    } catch (EnvironmentException e) {
      LOG.debug("the size of the download is not known", e);
    }
    Matcher size = SIZE.matcher(answer.get());
    if (!size.matches()) {
      meter.announce(named(requirements), 0);
      return;
    }
    long bytes = Long.parseLong(size.group(2));
    checkSpace(bytes);
    meter.announce(Integer.parseInt(size.group(1)), bytes);
  }

  private void checkSpace(long download) throws IOException, EnvironmentException {
    long needed = SPACE_FACTOR * download;
    long free = Files.getFileStore(folder).getUsableSpace();
    if (free < needed) {
      throw new EnvironmentException(
          String.format(
              Locale.ROOT,
              "the Python environment of the runtime needs about %s in %s (%s to fetch, then to"
                  + " unpack), but only %s are free; make room, or name a cache folder on another"
                  + " disk with EVALJOB_CACHE_DIR, or an environment that has the requirements with"
                  + " --python",
              gigabytes(needed),
              folder.getParent(),
              gigabytes(download),
              gigabytes(free)));
    }
  }

  private static String gigabytes(long bytes) {
    return String.format(Locale.ROOT, "%.1f GB", bytes / 1e9);
  }

  private void pip() throws IOException, EnvironmentException, InterruptedException {
    PipOutput output = new PipOutput(meter);
    try {
      install(output);
    } catch (EnvironmentException e) {
      if (!output.trouble().isEmpty()) {
        throw new EnvironmentException(
            "pip does not reach its package index ("
                + output.trouble()
                + "), and the first use needs a network; see what pip uses with `python3 -m pip"
                + " config list` (index-url, proxy), or name an environment that has the"
                + " requirements with --python",
            e);
      }
      throw e;
    }
  }

  private void install(PipOutput output)
      throws IOException, EnvironmentException, InterruptedException {
    program.run(
        List.of(
            interpreter(),
            "-I",
            "-m",
            "pip",
            "install",
            // The list is complete, and what is never imported needs no byte code.
            "--no-deps",
            "--no-compile",
            "--no-input",
            "--disable-pip-version-check",
            "--no-warn-script-location",
            "--progress-bar",
            "off",
            "-r",
            list.toString()),
        output,
        "pip could not install the requirements");
  }

  private void writeMarker() throws IOException {
    try (FileChannel marker =
        FileChannel.open(
            folder.resolve("complete"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      marker.write(ByteBuffer.wrap("complete\n".getBytes(StandardCharsets.UTF_8)));
      marker.force(true);
    }
  }

  private static String sizeScript() {
    try (InputStream in = Installation.class.getResourceAsStream("download_size.py")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
