package io.evaljob.operator.sandbox.kubelet;

/** Told how an installation goes; called by several threads, and must not block. */
@FunctionalInterface
public interface ProgressListener {

  /** One step further. */
  void progress(InstallProgress progress);
}
