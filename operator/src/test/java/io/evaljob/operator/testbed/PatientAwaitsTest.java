package io.evaljob.operator.testbed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

class PatientAwaitsTest {
  static final List<Predicate<List<String>>> CONDITIONS =
      List.of(
          list -> list.get(2).isEmpty(),
          list -> Map.<String, String>of().get("missing").isEmpty(),
          list -> list.stream().filter(String::isBlank).findFirst().orElseThrow().isEmpty());

  @ParameterizedTest
  @FieldSource("CONDITIONS")
  void aPartThatComesLaterIsAwaited(Predicate<List<String>> missing) {
    AtomicInteger asked = new AtomicInteger();
    await()
        .pollInterval(Duration.ofMillis(1))
        .until(() -> asked.incrementAndGet() > 2 || missing.test(List.of("a")));

    assertThat(asked).hasValue(3);
  }

  @Test
  void whatNeverComesIsTheCause() {
    assertThatThrownBy(
            () ->
                await()
                    .pollInterval(Duration.ofMillis(1))
                    .atMost(Duration.ofMillis(50))
                    .until(() -> Optional.<String>empty().orElseThrow().isEmpty()))
        .isInstanceOf(ConditionTimeoutException.class)
        .hasRootCauseMessage("No value present");
  }

  @Test
  void anyOtherFaultEndsTheAwaitAtOnce() {
    AtomicInteger asked = new AtomicInteger();
    assertThatThrownBy(
            () ->
                await()
                    .until(
                        () -> {
                          asked.incrementAndGet();
                          throw new IllegalStateException("broken");
                        }))
        .hasMessage("broken");
    assertThat(asked).hasValue(1);
  }
}
