package io.evaljob.operator.testbed;

import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.util.function.Supplier;

/** Edits of objects that others write, too. */
public final class Edits {

  private Edits() {}

  /**
   * Edits again what has moved on between read and write, as kubectl does.
   *
   * @param edit reads and writes
   */
  public static <T> T untilWritten(Supplier<T> edit) {
    while (true) {
      try {
        return edit.get();
      } catch (KubernetesClientException e) {
        if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
          throw e;
        }
      }
    }
  }
}
