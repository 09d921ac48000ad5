package io.evaljob.operator.cli;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalRuntime;
import io.evaljob.operator.config.OperatorConfig;
import io.evaljob.operator.plan.DeviceContext;
import io.evaljob.operator.validate.Catalogue;
import io.evaljob.operator.validate.Claim;
import io.evaljob.operator.validate.ClaimSource;
import io.evaljob.operator.validate.JobInputs;
import io.evaljob.operator.validate.LayeredProfiles;
import io.evaljob.operator.validate.QuotaCap;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the reconciler looks up in a cluster, taken from a set of objects instead.
 *
 * <p>Where the objects are those of some files, two things that no file can tell are taken as
 * given: a claim that is in no file exists, and a namespace that is in no file has the labels its
 * runtime asks for.
 */
final class OfflineInputs {

  private final ObjectSet objects;
  private final DeviceContext devices;
  private final boolean complete;
  private final String operatorNamespace = OperatorConfig.defaults().namespace();
  private final LayeredProfiles profiles;

  private OfflineInputs(ObjectSet objects, DeviceContext devices, boolean complete) {
    this.objects = objects;
    this.devices = devices;
    this.complete = complete;
    profiles = new LayeredProfiles(objects.profiles(), operatorNamespace, new Catalogue());
  }

  /** From the files of a part of a cluster; the rest of it is taken as given. */
  static OfflineInputs ofFiles(ObjectSet objects, DeviceContext devices) {
    return new OfflineInputs(objects, devices, false);
  }

  /** From all objects of a cluster: what is not among them does not exist. */
  static OfflineInputs ofCluster(ObjectSet objects, DeviceContext devices) {
    return new OfflineInputs(objects, devices, true);
  }

  JobInputs of(EvalJob job) {
    Optional<EvalRuntime> runtime =
        Optional.ofNullable(job.getSpec())
            .flatMap(spec -> Optional.ofNullable(spec.runtimeRef()))
            .flatMap(reference -> Optional.ofNullable(reference.name()))
            .flatMap(objects::runtime);
    return new JobInputs(
        job,
        runtime,
        objects.runtimes().stream().map(r -> r.getMetadata().getName()).toList(),
        namespaceLabels(job.getMetadata().getNamespace(), runtime),
        profiles,
        claims(),
        devices,
        operatorNamespace,
        quota(namespaceLabels(job.getMetadata().getNamespace(), runtime)));
  }

  /** Of several quotas in the files, the first that selects the namespace counts as the oldest. */
  private Optional<QuotaCap> quota(Map<String, String> labels) {
    return objects.quotas().stream()
        .filter(quota -> quota.getSpec() != null && quota.getSpec().namespaceSelector() != null)
        .filter(quota -> quota.getSpec().namespaceSelector().selects(labels))
        .findFirst()
        .map(QuotaCap::of);
  }

  private Map<String, String> namespaceLabels(String name, Optional<EvalRuntime> runtime) {
    return objects
        .namespace(name)
        .map(OfflineInputs::labels)
        .or(() -> runtime.filter(given -> !complete).map(OfflineInputs::labelsAsked))
        .orElse(Map.of());
  }

  private static Map<String, String> labels(Namespace namespace) {
    Map<String, String> labels = namespace.getMetadata().getLabels();
    return labels == null ? Map.of() : labels;
  }

  /** Labels of a namespace that this runtime selects, as far as it asks for exact values. */
  static Map<String, String> labelsAsked(EvalRuntime runtime) {
    Map<String, String> labels = new HashMap<>();
    Optional.ofNullable(runtime.getSpec())
        .flatMap(spec -> spec.allowIfSet())
        .flatMap(allow -> allow.namespaceSelectorIfSet())
        .ifPresent(selector -> labels.putAll(selector.matchLabels()));
    return labels;
  }

  private ClaimSource claims() {
    return (namespace, name) ->
        objects
            .claim(namespace, name)
            .map(OfflineInputs::claim)
            .or(
                () ->
                    complete
                        ? Optional.empty()
                        : Optional.of(new Claim(name, List.of("ReadWriteMany"), true)));
  }

  private static Claim claim(PersistentVolumeClaim claim) {
    return new Claim(
        claim.getMetadata().getName(),
        claim.getSpec() == null ? List.of() : claim.getSpec().getAccessModes(),
        true);
  }
}
