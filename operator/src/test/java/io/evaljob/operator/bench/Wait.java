package io.evaljob.operator.bench;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Waits for something to become true. */
final class Wait {

  private Wait() {}

  static void until(String what, BooleanSupplier test) throws InterruptedException {
    long end = System.nanoTime() + Duration.ofMinutes(15).toNanos();
    while (!test.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new IllegalStateException("not within 15 minutes: " + what);
      }
      Thread.sleep(20);
    }
  }
}
