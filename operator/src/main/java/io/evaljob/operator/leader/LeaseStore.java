package io.evaljob.operator.leader;

import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseSpec;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseSpecBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Objects;
import java.util.Optional;

/**
 * The Lease in the API server. Requests are bounded in time and never repeated below it; a write
 * that somebody else was faster with fails with code 409.
 */
final class LeaseStore {
  private static final String NAME = "evaljob-operator";

  private final KubernetesClient client;
  private final String namespace;

  LeaseStore(KubernetesClient client, String namespace, Duration patience) {
    this.client = Fence.singleTry(client, Math.toIntExact(patience.toMillis()));
    this.namespace = namespace;
  }

  String name() {
    return namespace + "/" + NAME;
  }

  Optional<Lease> read() {
    return Optional.ofNullable(client.leases().inNamespace(namespace).withName(NAME).get());
  }

  /** Who holds it; empty text where nobody does. */
  static String holder(Lease lease) {
    return lease.getSpec() == null ? "" : Objects.toString(lease.getSpec().getHolderIdentity(), "");
  }

  /**
   * Makes it the identity's, or renews it, over the version that was read.
   *
   * @param seconds how long it is good for
   * @return as it is now
   */
  Lease take(Optional<Lease> found, String identity, int seconds, Instant now) {
    ZonedDateTime time = ZonedDateTime.ofInstant(now, ZoneOffset.UTC);
    LeaseSpec before = found.map(Lease::getSpec).orElseGet(LeaseSpec::new);
    LeaseSpecBuilder next =
        new LeaseSpecBuilder(before)
            .withHolderIdentity(identity)
            .withLeaseDurationSeconds(seconds)
            .withRenewTime(time);
    if (!identity.equals(before.getHolderIdentity())) {
      int changes = before.getLeaseTransitions() == null ? 0 : before.getLeaseTransitions() + 1;
      next.withAcquireTime(time).withLeaseTransitions(changes);
    }
    return found.isPresent() ? update(found.get(), next.build()) : create(next.build());
  }

  /** Makes it nobody's, as other programs do: with a life of a second. */
  void giveBack(Lease found) {
    update(
        found,
        new LeaseSpecBuilder(found.getSpec())
            .withHolderIdentity(null)
            .withLeaseDurationSeconds(1)
            .build());
  }

  private Lease update(Lease found, LeaseSpec spec) {
    return client.resource(new LeaseBuilder(found).withSpec(spec).build()).update();
  }

  private Lease create(LeaseSpec spec) {
    return client
        .resource(
            new LeaseBuilder()
                .withNewMetadata()
                .withNamespace(namespace)
                .withName(NAME)
                .addToLabels("app.kubernetes.io/name", "evaljob")
                .addToLabels("app.kubernetes.io/managed-by", "evaljob-operator")
                .endMetadata()
                .withSpec(spec)
                .build())
        .create();
  }
}
