package io.evaljob.operator.validate;

import java.util.List;

/**
 * What validation needs to know of a PersistentVolumeClaim.
 *
 * @param name its name
 * @param accessModes as Kubernetes writes them, for example {@code ReadWriteOnce}
 * @param bound whether a volume stands behind it; a claim that waits for its first pod has none
 */
public record Claim(String name, List<String> accessModes, boolean bound) {
  public Claim {
    accessModes = List.copyOf(accessModes);
  }

  /** Pods of many nodes may write to it. */
  boolean sharedForWriting() {
    return accessModes.contains("ReadWriteMany");
  }

  /** Pods of many nodes may at least read it. */
  boolean sharedForReading() {
    return sharedForWriting() || accessModes.contains("ReadOnlyMany");
  }
}
