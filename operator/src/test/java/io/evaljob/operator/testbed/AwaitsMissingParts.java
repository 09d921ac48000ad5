package io.evaljob.operator.testbed;

import java.util.NoSuchElementException;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Lets every test await a value inside a part that is not written yet: a condition that meets a
 * missing object, list item or map entry is asked again, and one that never holds fails with what
 * it met last as the cause.
 */
public final class AwaitsMissingParts implements BeforeAllCallback {
  @Override
  public void beforeAll(ExtensionContext context) {
    Awaitility.ignoreExceptionsByDefaultMatching(AwaitsMissingParts::isMissing);
  }

  static boolean isMissing(Throwable met) {
    return met instanceof NullPointerException
        || met instanceof IndexOutOfBoundsException
        || met instanceof NoSuchElementException;
  }
}
