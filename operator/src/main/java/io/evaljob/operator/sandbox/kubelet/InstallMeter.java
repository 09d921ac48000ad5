package io.evaljob.operator.sandbox.kubelet;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Tells a listener how one installation goes. pip says which package it is at, but nothing while it
 * fetches or unpacks that package, which may take minutes: once a second the meter looks at the
 * files instead.
 */
final class InstallMeter implements AutoCloseable {

  private static final long TICK_MILLIS = 1_000;

  private final Path folder;
  private final Path downloads;
  private final Path venv;
  private final ProgressListener listener;
  private final Thread ticker = new Thread(this::tick, "sandbox-install-meter");

  private InstallProgress.Step step;
  private int packages;
  private int total;
  private long bytes;
  private long totalBytes;
  private String detail = "";
  private List<String> order = List.of();
  private Set<Path> before = Set.of();
  private boolean closed;

  private InstallMeter(Path folder, Path downloads, Path venv, ProgressListener listener) {
    this.folder = folder;
    this.downloads = downloads;
    this.venv = venv;
    this.listener = listener;
  }

  /**
   * Begins to measure one installation.
   *
   * @param folder the environment's folder, with which it is named to the listener
   * @param downloads where pip keeps files until all are there; need not exist
   * @param venv where it unpacks them; need not exist
   */
  static InstallMeter start(Path folder, Path downloads, Path venv, ProgressListener listener) {
    InstallMeter meter = new InstallMeter(folder, downloads, venv, listener);
    meter.ticker.setDaemon(true);
    meter.ticker.start();
    return meter;
  }

  /** Another run has the folder. */
  synchronized void waiting(int packagesNamed) {
    total = packagesNamed;
    tell(InstallProgress.Step.Waiting, "another run makes the same environment");
  }

  /** Something that is done before packages are fetched. */
  synchronized void preparing(int packagesNamed, String what) {
    total = packagesNamed;
    tell(InstallProgress.Step.Started, what);
  }

  /** Announces the download; {@code size} is 0 when it is not known. */
  synchronized void announce(int packagesToFetch, long size) {
    total = packagesToFetch;
    totalBytes = size;
    before = unpacked();
    tell(InstallProgress.Step.Fetching, "asking for the first package");
  }

  /** pip looks for a package. */
  synchronized void collecting(String requirement) {
    packages = Math.min(packages + 1, total);
    tell(InstallProgress.Step.Fetching, requirement);
  }

  /** pip fetches a file. */
  synchronized void fetching(String file) {
    tell(InstallProgress.Step.Fetching, file);
  }

  /** pip unpacks what it has fetched, in this order. */
  synchronized void unpacking(List<String> names) {
    bytes = Math.max(bytes, totalBytes);
    total = names.size();
    packages = 0;
    order = List.copyOf(names);
    tell(InstallProgress.Step.Installing, order.get(0));
  }

  /** The environment is ready. */
  synchronized void finished() {
    packages = total;
    tell(InstallProgress.Step.Finished, "ready");
    close();
  }

  /** It failed. */
  synchronized void failed(String why) {
    tell(InstallProgress.Step.Failed, why);
    close();
  }

  /** Nothing is told from now on. */
  @Override
  public synchronized void close() {
    closed = true;
    notifyAll();
  }

  private void tell(InstallProgress.Step now, String what) {
    step = now;
    detail = what;
    listener.progress(
        new InstallProgress(folder, step, packages, total, bytes, totalBytes, detail));
  }

  private synchronized void tick() {
    try {
      while (!closed) {
        wait(TICK_MILLIS);
        if (!closed && step != null) {
          measure();
          tell(step, detail);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void measure() {
    if (step == InstallProgress.Step.Fetching) {
      // Never backwards: pip moves some files on once it has them.
      long now = Math.max(bytes, downloaded());
      bytes = totalBytes > 0 ? Math.min(now, totalBytes) : now;
    } else if (step == InstallProgress.Step.Installing) {
      Set<Path> added = new HashSet<>(unpacked());
      added.removeAll(before);
      packages = Math.min(added.size(), total);
      detail = packages < order.size() ? order.get(packages) : "removing the downloads";
    }
  }

  /** Bytes in pip's folders for files that it fetches. */
  private long downloaded() {
    long sum = 0;
    try (DirectoryStream<Path> folders = Files.newDirectoryStream(downloads, "pip-unpack-*")) {
      for (Path each : folders) {
        try (Stream<Path> files = Files.list(each)) {
          for (Path file : files.toList()) {
            sum += Files.size(file);
          }
        }
      }
    } catch (IOException | UncheckedIOException | DirectoryIteratorException e) {
      // Not there yet, or gone meanwhile; the next look will tell.
      return 0;
    }
    return sum;
  }

  /** One entry for each package that is unpacked, whatever its version. */
  private Set<Path> unpacked() {
    Set<Path> found = new HashSet<>();
    try (DirectoryStream<Path> versions =
        Files.newDirectoryStream(venv.resolve("lib"), "python*")) {
      for (Path version : versions) {
        try (DirectoryStream<Path> infos =
            Files.newDirectoryStream(version.resolve("site-packages"), "*.dist-info")) {
          infos.forEach(found::add);
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      // As above.
      return found;
    }
    return found;
  }
}
