package io.evaljob.operator.cli;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalRuntime;
import io.evaljob.api.v1alpha1.WaitingReason;
import io.evaljob.operator.plan.Refusal;
import io.evaljob.operator.schema.SchemaProblem;
import io.evaljob.operator.validate.ResolvedJob;
import io.evaljob.operator.validate.RuntimeValidator;
import io.evaljob.operator.validate.Validation;
import io.evaljob.operator.validate.Validator;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Validates and plans jobs with the reconciler's own code, and collects every problem: those of the
 * schemas first, then what else is wrong with fields that they do not already name.
 */
final class OfflineCheck {

  private final LoadedManifests manifests;
  private final OfflineInputs inputs;
  private final List<String> problems = new ArrayList<>();
  private final Set<String> brokenRuntimes = new HashSet<>();

  private OfflineCheck(LoadedManifests manifests, OfflineInputs inputs) {
    this.manifests = manifests;
    this.inputs = inputs;
    manifests.problems().forEach(problem -> problems.add(problem.message()));
  }

  /**
   * Checks the runtimes of the files and the jobs given.
   *
   * @param manifests the files, for the places of mistakes
   * @return the plans of all jobs
   * @throws Refused naming every problem of every object
   */
  static List<ResolvedJob> check(
      LoadedManifests manifests, List<EvalJob> jobs, OfflineInputs inputs) {
    OfflineCheck check = new OfflineCheck(manifests, inputs);
    manifests.objects().runtimes().forEach(check::runtime);
    List<ResolvedJob> resolved = new ArrayList<>();
    for (EvalJob job : jobs) {
      check.job(job, resolved);
    }
    if (!check.problems.isEmpty()) {
      throw new Refused(check.problems);
    }
    return resolved;
  }

  private void runtime(EvalRuntime runtime) {
    for (Refusal refusal : RuntimeValidator.validate(runtime)) {
      brokenRuntimes.add(runtime.getMetadata().getName());
      add(runtime, refusal.field(), refusal.message());
    }
  }

  private void job(EvalJob job, List<ResolvedJob> resolved) {
    Validation validation = Validator.validate(inputs.of(job));
    if (validation instanceof Validation.Valid valid) {
      resolved.add(valid.job());
    } else if (validation instanceof Validation.Invalid invalid) {
      for (Refusal refusal : invalid.refusals()) {
        add(job, refusal.field(), refusal.message());
      }
    } else if (validation instanceof Validation.Missing missing) {
      missing(job, missing);
    }
  }

  /** In a cluster a job waits for what is missing; here nothing more comes. */
  private void missing(EvalJob job, Validation.Missing missing) {
    if (missing.reason() == WaitingReason.RuntimeNotFound
        && brokenRuntimes.contains(job.getSpec().runtimeRef().name())) {
      return;
    }
    String field = missing.message().substring(0, Math.max(0, missing.message().indexOf(": ")));
    add(job, field, missing.message() + "; or name its file on the command line too");
  }

  private void add(HasMetadata object, String field, String message) {
    boolean named =
        manifests.problems().stream()
            .map(SchemaProblem::path)
            .filter(path -> !path.isEmpty())
            .anyMatch(path -> path.startsWith(field) || field.startsWith(path));
    if (!named) {
      problems.add(manifests.place(object, field) + ": " + message);
    }
  }
}
