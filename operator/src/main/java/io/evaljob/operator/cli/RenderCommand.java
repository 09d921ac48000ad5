package io.evaljob.operator.cli;

import io.evaljob.operator.resources.RunnerArchive;
import io.evaljob.operator.validate.ResolvedJob;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.io.PrintWriter;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code evaljob render}: the objects that the operator would make. */
@Command(
    name = "render",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Prints the objects that the operator would make of each EvalJob, as YAML: config maps with"
          + " plan and runner, claims, and the Jobs of all stages. Needs no cluster.",
      "It is for reading and for comparing: in a cluster the operator makes them itself. Hashes in"
          + " names follow from the UID, which only a cluster gives; here it is all zeros."
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:All objects are printed.",
      "1:A manifest is wrong, or a model cannot be planned.",
      "2:Wrong command line."
    },
    footerHeading = "%nExample:%n",
    footer = "  evaljob render deploy/examples/split-78b.yaml")
final class RenderCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;
  @Mixin private ManifestFiles files = new ManifestFiles();

  @Option(
      names = "--runner",
      description = "Print the config map with the runner, too: an archive, as base64.")
  private boolean runner;

  @Mixin private PlanContext context = new PlanContext();

  @Override
  public Integer call() {
    List<ResolvedJob> jobs = OfflineJobs.resolve(files, context, Main.environment(spec));
    PrintWriter out = spec.commandLine().getOut();
    OfflineChildren children = new OfflineChildren();
    Set<String> shared = new HashSet<>();
    for (ResolvedJob job : jobs) {
      for (HasMetadata child : children.of(job)) {
        boolean isRunner = holdsRunner(child);
        if (isRunner && !shared.add(LoadedManifests.named(child))) {
          continue;
        }
        if (isRunner && !runner) {
          out.println("# " + LoadedManifests.named(child) + " is left out; --runner prints it");
          continue;
        }
        out.println(ObjectText.yaml(child));
      }
    }
    out.flush();
    return ExitCode.DONE;
  }

  private static boolean holdsRunner(HasMetadata child) {
    return child instanceof io.fabric8.kubernetes.api.model.ConfigMap map
        && map.getBinaryData() != null
        && map.getBinaryData().containsKey(RunnerArchive.FILE_NAME);
  }
}
