package io.evaljob.operator.cli;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code evaljob run}: evaluates on this machine. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Evaluates on this machine: the operator's own reconciler, with a small cluster in this"
          + " process that runs every container as a local process.",
      "Shows phase, progress and devices while it runs, then the scores. Run it again to resume"
          + " what was stopped or killed; what is done is not done again. Ctrl-C stops and keeps"
          + " what is done; a second Ctrl-C does not wait."
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:Every EvalJob succeeded.",
      "1:An EvalJob failed or was refused, or this machine cannot run it.",
      "2:Wrong command line.",
      "130:Stopped by Ctrl-C."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  evaljob run deploy/examples/quickstart.yaml",
      "  CUDA_VISIBLE_DEVICES=4,5,6,7 evaljob run deploy/examples/visible-devices.yaml",
      "  evaljob run --python ~/venv/bin/python job.yaml runtime.yaml",
      "  evaljob run --output json job.yaml runtime.yaml > result.json"
    })
final class RunCommand implements Callable<Integer> {

  /** Form of the objects that are printed at the end. */
  enum Format {
    json,
    yaml
  }

  @Spec private CommandSpec spec;
  @Mixin private ManifestFiles files = new ManifestFiles();
  @Mixin private DeviceOptions devices = new DeviceOptions();

  @Option(
      names = "--state",
      paramLabel = "DIR",
      defaultValue = "./.evaljob",
      description =
          "Folder of objects, volumes and logs, which a later run goes on from (default:"
              + " ${DEFAULT-VALUE}).")
  private Path state = Path.of(".evaljob");

  @Option(
      names = "--python",
      paramLabel = "PATH",
      description =
          "Python interpreter of an environment that has what the runtimes require. Default: an"
              + " environment for each list of requirements is made under ~/.cache/evaljob.")
  private Optional<Path> python = Optional.empty();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "json|yaml",
      description =
          "Print the EvalJob as it ended, a List of several, instead of the table of scores.")
  private Optional<Format> output = Optional.empty();

  @Override
  public Integer call() throws InterruptedException {
    LoadedManifests manifests = files.load();
    ObjectSet objects = OfflineJobs.requireJobs(files, manifests);
    Map<String, String> environment = Main.environment(spec);
    DeviceOptions.Machine machine = devices.find(objects.jobs(), environment);
    return new MachineRun(
            spec.commandLine().getOut(),
            new LiveTable(spec.commandLine().getErr(), Terminal.detect()),
            manifests,
            machine,
            environment)
        .run(state, python, output);
  }
}
