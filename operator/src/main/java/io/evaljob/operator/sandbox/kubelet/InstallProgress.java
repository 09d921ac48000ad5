package io.evaljob.operator.sandbox.kubelet;

import java.nio.file.Path;
import java.util.OptionalInt;

/**
 * How far the installation of a Python environment is. Told at every change and otherwise about
 * once a second, so that a listener can show that it goes on.
 *
 * <p>The first one of step {@link Step#Fetching} announces the download: nothing is fetched yet and
 * its size is known if it can be.
 *
 * @param folder where it is made
 * @param step what is going on
 * @param packages while fetching, packages fetched or begun; then packages unpacked
 * @param total packages to install; until the first of step Fetching, lines that name one
 * @param bytes bytes fetched so far; packages from pip's cache count too
 * @param totalBytes bytes to fetch; 0 when not known
 * @param detail the package at hand, what is done, or the error
 */
public record InstallProgress(
    Path folder, Step step, int packages, int total, long bytes, long totalBytes, String detail) {

  private static final long HUNDRED = 100;

  /** What is going on. */
  public enum Step {
    /** Another run makes the same environment; this one waits for it. */
    Waiting,
    /** The virtual environment is being made; nothing is fetched yet. */
    Started,
    /** Packages are being fetched. */
    Fetching,
    /** All packages are there and are being unpacked. */
    Installing,
    /** The environment is ready. */
    Finished,
    /** It failed; the detail says why. */
    Failed
  }

  /**
   * How much of fetching or unpacking is done, 0 to 100: by bytes while fetching when their total
   * is known, else by packages. Empty in the other steps.
   */
  public OptionalInt percent() {
    boolean byBytes = step == Step.Fetching && totalBytes > 0;
    long done = byBytes ? bytes : packages;
    long all = byBytes ? totalBytes : total;
    return (step == Step.Fetching || step == Step.Installing) && all > 0
        ? OptionalInt.of((int) (HUNDRED * Math.min(done, all) / all))
        : OptionalInt.empty();
  }
}
