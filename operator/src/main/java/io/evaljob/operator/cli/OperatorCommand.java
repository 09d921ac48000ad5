package io.evaljob.operator.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code evaljob operator}: reconciles EvalJobs of a cluster until it is told to stop. */
@Command(
    name = "operator",
    mixinStandardHelpOptions = true,
    description = {
      "Reconciles the EvalJobs of a cluster until it is stopped.",
      "Settings are EVALJOB_* environment variables (operator/docs/reference/configuration.md)."
          + " The cluster is the one of the service account or of the kubeconfig."
    })
public final class OperatorCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  /** Exit code 0 after SIGTERM or Ctrl-C, 1 when it could not start, 2 when a setting is bad. */
  @Override
  public Integer call() throws InterruptedException {
    return OperatorService.run(Main.environment(spec), spec.commandLine().getErr());
  }
}
