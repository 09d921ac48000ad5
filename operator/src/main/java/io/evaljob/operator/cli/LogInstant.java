package io.evaljob.operator.cli;

import ch.qos.logback.classic.pattern.ClassicConverter;
import ch.qos.logback.classic.spi.ILoggingEvent;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;

/**
 * When something was logged, in UTC with milliseconds, such as {@code 2026-01-31T12:00:00.000Z}.
 * The library's own would read the JDK's words for months and days at every start.
 */
public final class LogInstant extends ClassicConverter {
  private static final DateTimeFormatter FORMAT =
      new DateTimeFormatterBuilder().appendInstant(3).toFormatter();

  @Override
  public String convert(ILoggingEvent event) {
    return FORMAT.format(Instant.ofEpochMilli(event.getTimeStamp()));
  }
}
