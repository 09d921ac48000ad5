package io.evaljob.operator.validate;

import java.util.Optional;

/** Looks up a PersistentVolumeClaim. */
@FunctionalInterface
public interface ClaimSource {
  /** Empty where the namespace has no claim of this name, yet. */
  Optional<Claim> find(String namespace, String name);
}
