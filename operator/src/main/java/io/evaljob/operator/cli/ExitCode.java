package io.evaljob.operator.cli;

/** What the exit codes of every command mean. */
final class ExitCode {

  /** All that was asked for is done. */
  static final int DONE = 0;

  /** A manifest was refused, or an evaluation did not succeed. */
  static final int FAILED = 1;

  /** The command line itself is wrong. */
  static final int USAGE = 2;

  /** Nothing is wrong, but this machine cannot show everything. */
  static final int NOT_SHOWN = 3;

  /** Stopped by Ctrl-C, as shells count: 128 and the number of the signal. */
  static final int INTERRUPTED = 130;

  private ExitCode() {}
}
