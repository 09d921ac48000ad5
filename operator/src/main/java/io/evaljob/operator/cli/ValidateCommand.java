package io.evaljob.operator.cli;

import io.evaljob.operator.plan.ModelPlan;
import io.evaljob.operator.validate.ResolvedJob;
import io.evaljob.operator.validate.ResolvedModel;
import java.io.PrintWriter;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code evaljob validate}: everything that is wrong with some files, at once. */
@Command(
    name = "validate",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Checks manifests as the operator would: syntax, fields, values, what the runtime allows, and"
          + " whether every model can be planned. Needs no cluster.",
      "Prints every mistake with its place, value, reason and remedy. Name the files of runtimes"
          + " and profiles that the jobs use, too; the built-in profiles are known."
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:Everything is valid.", "1:At least one mistake.", "2:Wrong command line."},
    footerHeading = "%nExamples:%n",
    footer = {
      "  evaljob validate job.yaml runtime.yaml",
      "  evaljob validate --devices 4:79Gi job.yaml      for a machine with four such devices"
    })
final class ValidateCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;
  @Mixin private ManifestFiles files = new ManifestFiles();
  @Mixin private PlanContext context = new PlanContext();

  @Override
  public Integer call() {
    LoadedManifests manifests = files.loadAll();
    ObjectSet objects = manifests.objects();
    List<ResolvedJob> jobs =
        OfflineCheck.check(
            manifests,
            objects.jobs(),
            OfflineInputs.ofFiles(objects, context.of(objects.jobs(), Main.environment(spec))));
    PrintWriter out = spec.commandLine().getOut();
    objects.objects().stream()
        .filter(object -> !object.getKind().equals("EvalJob"))
        .forEach(object -> out.println(LoadedManifests.named(object) + " is valid"));
    jobs.forEach(job -> out.println(line(job)));
    out.flush();
    return ExitCode.DONE;
  }

  private static String line(ResolvedJob job) {
    return "%s is valid: %s x %s, %s"
        .formatted(
            LoadedManifests.named(job.job()),
            Counts.of(job.models().size(), "model"),
            Counts.of(job.job().getSpec().datasets().size(), "dataset"),
            job.models().stream()
                .map(ResolvedModel::plan)
                .max(Comparator.comparingInt(ModelPlan::totalDevices))
                .filter(plan -> plan.totalDevices() > 0)
                .map(
                    plan ->
                        "at most %d x %s a model"
                            .formatted(plan.totalDevices(), plan.resourceName()))
                .orElse("on CPU"));
  }
}
