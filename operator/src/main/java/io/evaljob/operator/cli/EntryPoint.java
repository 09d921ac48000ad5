package io.evaljob.operator.cli;

import java.io.PrintWriter;
import java.nio.charset.Charset;

/**
 * Where the process begins. {@code evaljob operator}, which a cluster waits for, is started without
 * the command line parser; every other command is the parser's.
 */
public final class EntryPoint {

  private EntryPoint() {}

  /** Runs a command and ends the process with its exit code. */
  public static void main(String[] args) throws InterruptedException {
    if (args.length == 1 && args[0].equals("operator")) {
      PrintWriter err = new PrintWriter(System.err, true, Charset.defaultCharset());
      System.exit(OperatorService.run(System.getenv(), err));
    }
    Main.main(args);
  }
}
