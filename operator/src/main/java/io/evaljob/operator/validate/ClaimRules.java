package io.evaljob.operator.validate;

import io.evaljob.api.v1alpha1.CacheAccess;
import io.evaljob.api.v1alpha1.CacheSpec;
import io.evaljob.api.v1alpha1.EvalJobSpec;
import io.evaljob.api.v1alpha1.StorageSpec;
import io.evaljob.api.v1alpha1.WaitingReason;
import io.evaljob.operator.plan.RefusalReason;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The claims that a job names: whether they exist, and whether several models at the same time may
 * mount them.
 *
 * <p>Claims are judged alike in a cluster and on one machine, so that a manifest that runs here
 * runs there.
 */
final class ClaimRules {
  private final EvalJobSpec spec;
  private final String namespace;
  private final ClaimSource source;

  private record Use(String field, String claim, boolean writes) {}

  ClaimRules(EvalJobSpec spec, String namespace, ClaimSource source) {
    this.spec = spec;
    this.namespace = namespace;
    this.source = source;
  }

  void check(RefusalList refusals) {
    int concurrent = RuntimeRules.concurrency(spec);
    if (concurrent <= 1) {
      return;
    }
    for (Use use : uses()) {
      source
          .find(namespace, use.claim())
          .filter(claim -> !(use.writes() ? claim.sharedForWriting() : claim.sharedForReading()))
          .ifPresent(
              claim ->
                  refusals.add(
                      RefusalReason.SharedClaim,
                      use.field(),
                      use.claim(),
                      "is a claim of access mode "
                          + String.join(", ", claim.accessModes())
                          + ", and "
                          + concurrent
                          + " models would mount it at the same time, maybe on several nodes",
                      "set maxConcurrentModels: 1, or name a claim with "
                          + (use.writes() ? "ReadWriteMany" : "ReadWriteMany or ReadOnlyMany")));
    }
  }

  /** The first claim that is not there; to be asked when nothing is refused. */
  Optional<Validation.Missing> missing() {
    return uses().stream()
        .filter(use -> source.find(namespace, use.claim()).isEmpty())
        .findFirst()
        .map(
            use ->
                new Validation.Missing(
                    WaitingReason.ClaimNotFound,
                    use.field()
                        + ": PersistentVolumeClaim "
                        + use.claim()
                        + " does not exist in namespace "
                        + namespace
                        + "; create it, or correct the name"));
  }

  private List<Use> uses() {
    List<Use> uses = new ArrayList<>();
    Optional<StorageSpec> storage = spec.storageIfSet();
    storage
        .flatMap(StorageSpec::workspaceIfSet)
        .flatMap(workspace -> workspace.claimNameIfSet())
        .ifPresent(claim -> uses.add(new Use("spec.storage.workspace.claimName", claim, true)));
    storage.flatMap(StorageSpec::cacheIfSet).ifPresent(cache -> uses.add(cache(cache)));
    storage
        .map(StorageSpec::volumes)
        .orElse(List.of())
        .forEach(
            volume ->
                uses.add(
                    new Use(
                        "spec.storage.volumes[" + volume.name() + "].claimName",
                        volume.claimName(),
                        false)));
    return uses;
  }

  private static Use cache(CacheSpec cache) {
    return new Use(
        "spec.storage.cache.claimName",
        cache.claimName(),
        cache.accessOrDefault() == CacheAccess.Prefetch);
  }
}
