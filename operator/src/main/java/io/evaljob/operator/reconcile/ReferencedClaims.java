package io.evaljob.operator.reconcile;

import io.evaljob.api.v1alpha1.CacheSpec;
import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.StorageSpec;
import io.evaljob.api.v1alpha1.WorkspaceSpec;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The claims that an EvalJob names, as keys of an index. */
final class ReferencedClaims {

  private ReferencedClaims() {}

  static List<String> keys(EvalJob job) {
    Optional<StorageSpec> storage = job.getSpec().storageIfSet();
    if (storage.isEmpty()) {
      return List.of();
    }
    List<String> keys = new ArrayList<>();
    String namespace = job.getMetadata().getNamespace();
    storage
        .flatMap(StorageSpec::workspaceIfSet)
        .flatMap(WorkspaceSpec::claimNameIfSet)
        .ifPresent(name -> keys.add(key(namespace, name)));
    storage
        .flatMap(StorageSpec::cacheIfSet)
        .map(CacheSpec::claimName)
        .ifPresent(name -> keys.add(key(namespace, name)));
    storage.get().volumes().forEach(volume -> keys.add(key(namespace, volume.claimName())));
    return keys;
  }

  static String key(PersistentVolumeClaim claim) {
    return key(claim.getMetadata().getNamespace(), claim.getMetadata().getName());
  }

  private static String key(String namespace, String name) {
    return namespace + "/" + name;
  }
}
