package io.evaljob.operator.cli;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;

/**
 * What the start needs in any case, begun on another processor before its turn. Each has a thread
 * of its own: the common pool's are few, and the HTTP client needs them.
 */
final class HeadStart {

  private HeadStart() {}

  static <T> CompletableFuture<T> begin(String what, Supplier<T> work) {
    return CompletableFuture.supplyAsync(
        work,
        task -> {
          Thread thread = new Thread(task, "start-" + what);
          thread.setDaemon(true);
          thread.start();
        });
  }

  /** What came of it; fails as the work did. */
  static <T> T result(CompletableFuture<T> begun) {
    try {
      return begun.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }
}
