package io.evaljob.operator.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.HashMap;
import java.util.Map;
import picocli.CommandLine;

/** One call of the command line, and what came of it. */
record Invocation(int exitCode, String out, String err) {

  /** Without devices, whatever machine the test runs on. */
  static Map<String, String> environment() {
    Map<String, String> environment = new HashMap<>(System.getenv());
    environment.put("CUDA_VISIBLE_DEVICES", "");
    return environment;
  }

  static Invocation of(String... arguments) {
    return with(environment(), arguments);
  }

  static Invocation with(Map<String, String> environment, String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine command =
        Main.commandLine(environment)
            .setOut(new PrintWriter(out, true))
            .setErr(new PrintWriter(err, true));
    int exitCode = command.execute(arguments);
    return new Invocation(exitCode, out.toString(), err.toString());
  }
}
