package io.evaljob.operator.cli;

import io.evaljob.operator.validate.ResolvedJob;
import java.util.List;
import java.util.Map;

/** The jobs of the files on a command line, validated and planned. */
final class OfflineJobs {

  private OfflineJobs() {}

  /**
   * Loads, validates and plans.
   *
   * @throws Refused naming every problem
   * @throws UsageProblem when there is no EvalJob
   */
  static List<ResolvedJob> resolve(
      ManifestFiles files, PlanContext context, Map<String, String> environment) {
    LoadedManifests manifests = files.load();
    ObjectSet objects = requireJobs(files, manifests);
    return OfflineCheck.check(
        manifests,
        objects.jobs(),
        OfflineInputs.ofFiles(objects, context.of(objects.jobs(), environment)));
  }

  /** The objects, among which there is an EvalJob. */
  static ObjectSet requireJobs(ManifestFiles files, LoadedManifests manifests) {
    ObjectSet objects = manifests.objects();
    if (objects.jobs().isEmpty()) {
      throw new UsageProblem(
          "no EvalJob in %s; name a file that has one, for example deploy/examples/quickstart.yaml"
              .formatted(String.join(", ", files.names())));
    }
    return objects;
  }
}
