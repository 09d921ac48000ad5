package io.evaljob.operator.sandbox.kubelet;

import java.nio.file.Path;

/**
 * How far the installation of a Python environment is.
 *
 * @param folder where it is made
 * @param step what is going on
 * @param packages packages fetched so far
 * @param total packages that the requirements name
 * @param bytes bytes fetched so far, as pip reports them; packages from pip's cache count too
 * @param detail the package at hand, or the error
 */
public record InstallProgress(
    Path folder, Step step, int packages, int total, long bytes, String detail) {

  /** What is going on. */
  public enum Step {
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
}
