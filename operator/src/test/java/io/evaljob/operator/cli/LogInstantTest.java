package io.evaljob.operator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.spi.LoggingEvent;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LogInstantTest {

  @ParameterizedTest
  @CsvSource({
    "0, 1970-01-01T00:00:00.000Z",
    "1769860800000, 2026-01-31T12:00:00.000Z",
    "1769860800007, 2026-01-31T12:00:00.007Z",
  })
  void itIsInUtcWithMilliseconds(long millis, String written) {
    LoggingEvent event = new LoggingEvent();
    event.setTimeStamp(millis);

    assertThat(new LogInstant().convert(event)).isEqualTo(written);
  }
}
