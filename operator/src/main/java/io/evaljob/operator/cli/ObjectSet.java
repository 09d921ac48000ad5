package io.evaljob.operator.cli;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalQuota;
import io.evaljob.api.v1alpha1.EvalRuntime;
import io.evaljob.api.v1alpha1.ModelProfile;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import java.util.List;
import java.util.Optional;

/**
 * The objects of the files on a command line, in their order, every namespaced one with a
 * namespace.
 */
record ObjectSet(List<HasMetadata> objects) {

  ObjectSet {
    objects = List.copyOf(objects);
  }

  List<EvalJob> jobs() {
    return all(EvalJob.class);
  }

  List<EvalRuntime> runtimes() {
    return all(EvalRuntime.class);
  }

  List<EvalQuota> quotas() {
    return all(EvalQuota.class);
  }

  List<ModelProfile> profiles() {
    return all(ModelProfile.class);
  }

  Optional<EvalRuntime> runtime(String name) {
    return runtimes().stream().filter(r -> r.getMetadata().getName().equals(name)).findFirst();
  }

  Optional<PersistentVolumeClaim> claim(String namespace, String name) {
    return all(PersistentVolumeClaim.class).stream()
        .filter(claim -> claim.getMetadata().getNamespace().equals(namespace))
        .filter(claim -> claim.getMetadata().getName().equals(name))
        .findFirst();
  }

  Optional<Namespace> namespace(String name) {
    return all(Namespace.class).stream()
        .filter(namespace -> namespace.getMetadata().getName().equals(name))
        .findFirst();
  }

  private <T extends HasMetadata> List<T> all(Class<T> type) {
    return objects.stream().filter(type::isInstance).map(type::cast).toList();
  }
}
