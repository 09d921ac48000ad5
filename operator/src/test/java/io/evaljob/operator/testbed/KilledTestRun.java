package io.evaljob.operator.testbed;

import java.nio.file.Path;

/** A process with a control plane; a test kills it. */
public final class KilledTestRun {

  private KilledTestRun() {}

  /** Prints the process ids of the components in one line, and waits to be killed. */
  public static void main(String[] arguments) throws InterruptedException {
    LocalControlPlane plane =
        LocalControlPlane.start(
            Binaries.find(System.getenv()).orElseThrow(), Path.of(arguments[0]));
    System.out.println(
        String.join(" ", plane.components().stream().map(one -> "" + one.pid()).toList()));
    Thread.currentThread().join();
  }
}
