package io.evaljob.operator.cli;

import java.io.PrintWriter;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/** The command {@code evaljob}. */
@Command(
    name = "evaljob",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    synopsisSubcommandLabel = "COMMAND",
    description = {
      "Evaluates vision-language models with the right devices the first time: on this machine, or"
          + " as an operator in a Kubernetes cluster."
    },
    subcommands = {
      RunCommand.class,
      PlanCommand.class,
      RenderCommand.class,
      ValidateCommand.class,
      ProfileCommand.class,
      VerifyDevicesCommand.class,
      OperatorCommand.class,
    },
    footerHeading = "%nFirst steps:%n",
    footer = {
      "  evaljob run deploy/examples/command.yaml       any program as the harness, in seconds",
      "  evaljob run deploy/examples/quickstart.yaml    the real VLMEvalKit, without a GPU",
      "  evaljob plan deploy/examples/split-78b.yaml    what lies on which device",
      "  evaljob profile /models/mine > mine.yaml       the sizes of a model of your own",
      "  evaljob COMMAND --help                         options, exit codes and examples"
    })
public final class Main implements Runnable {

  /** Set to DEBUG, the stack trace of an unexpected error is printed, too. */
  private static final String LOG_LEVEL = "EVALJOB_LOG_LEVEL";

  /** The examples of the help texts fit into it. */
  private static final int HELP_COLUMNS = 100;

  @Spec private CommandSpec spec;

  private final Map<String, String> environment;

  private Main(Map<String, String> environment) {
    this.environment = Map.copyOf(environment);
  }

  /** Runs a command and ends the process with its exit code. */
  public static void main(String[] args) {
    System.exit(commandLine(System.getenv()).execute(args));
  }

  /** The commands, on these environment variables. */
  static CommandLine commandLine(Map<String, String> environment) {
    return new CommandLine(new Main(environment))
        .setUsageHelpWidth(HELP_COLUMNS)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setParameterExceptionHandler(Main::wrongArguments)
        .setExecutionExceptionHandler(Main::failed);
  }

  /** The environment variables that a command of this command line shall see. */
  static Map<String, String> environment(CommandSpec command) {
    return ((Main) command.root().userObject()).environment;
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing");
  }

  private static int wrongArguments(ParameterException problem, String[] args) {
    CommandLine command = problem.getCommandLine();
    PrintWriter err = command.getErr();
    err.println("evaljob: " + problem.getMessage());
    CommandLine.UnmatchedArgumentException.printSuggestions(problem, err);
    err.println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
    err.flush();
    return ExitCode.USAGE;
  }

  private static int failed(Exception problem, CommandLine command, ParseResult arguments) {
    PrintWriter err = command.getErr();
    try {
      if (problem instanceof Refused refused) {
        refused.problems().forEach(err::println);
        err.println(
            "evaljob %s: %s"
                .formatted(
                    command.getCommandName(), Counts.of(refused.problems().size(), "problem")));
        return ExitCode.FAILED;
      }
      err.println("evaljob " + command.getCommandName() + ": " + said(problem));
      if (problem instanceof UsageProblem) {
        return ExitCode.USAGE;
      }
      if ("DEBUG".equalsIgnoreCase(environment(command.getCommandSpec()).get(LOG_LEVEL))) {
        problem.printStackTrace(err);
      } else if (!(problem instanceof CannotRun)) {
        err.println("(" + LOG_LEVEL + "=DEBUG prints where this came from)");
      }
      return ExitCode.FAILED;
    } finally {
      err.flush();
    }
  }

  private static String said(Exception problem) {
    return Optional.ofNullable(problem.getMessage()).orElse(problem.toString());
  }

  /** The version of the jar. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {
        "evaljob "
            + Optional.ofNullable(Main.class.getPackage().getImplementationVersion()).orElse("dev")
      };
    }
  }
}
