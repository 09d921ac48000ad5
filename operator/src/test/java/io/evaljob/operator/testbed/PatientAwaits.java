package io.evaljob.operator.testbed;

import java.time.Duration;
import java.util.NoSuchElementException;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Lets every test await for as long as a loaded machine may need, and a value inside a part that is
 * not written yet: a condition that meets a missing object, list item or map entry is asked again,
 * and one that never holds fails with what it met last as the cause.
 *
 * <p>A bound of its own belongs to an await only where the bound is what is tested.
 */
public final class PatientAwaits implements BeforeAllCallback {
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  @Override
  public void beforeAll(ExtensionContext context) {
    apply();
  }

  /** The same for a program that is no test. */
  public static void apply() {
    Awaitility.setDefaultTimeout(PATIENCE);
    Awaitility.ignoreExceptionsByDefaultMatching(PatientAwaits::isMissing);
  }

  private static boolean isMissing(Throwable met) {
    return met instanceof NullPointerException
        || met instanceof IndexOutOfBoundsException
        || met instanceof NoSuchElementException;
  }
}
