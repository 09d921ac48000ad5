package io.evaljob.operator.reconcile;

import io.evaljob.operator.validate.Claim;
import io.evaljob.operator.validate.ClaimSource;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.Cache;
import java.util.Optional;

/** Claims as validation sees them, from the informer's cache. */
record CachedClaims(Cache<PersistentVolumeClaim> claims) implements ClaimSource {

  @Override
  public Optional<Claim> find(String namespace, String name) {
    return claims
        .get(new ResourceID(name, namespace))
        .map(
            claim ->
                new Claim(
                    name,
                    claim.getSpec().getAccessModes(),
                    claim.getSpec().getVolumeName() != null));
  }
}
