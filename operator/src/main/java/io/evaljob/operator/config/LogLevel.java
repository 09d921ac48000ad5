package io.evaljob.operator.config;

/** How much the operator logs; the order is from most to least. */
public enum LogLevel {
  TRACE,
  DEBUG,
  INFO,
  WARN,
  ERROR
}
