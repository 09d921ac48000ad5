package io.evaljob.operator.reconcile;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalQuota;
import io.evaljob.api.v1alpha1.EvalQuotaSpec;
import io.evaljob.api.v1alpha1.EvalQuotaStatus;
import io.evaljob.api.v1alpha1.NamespaceSelector;
import io.evaljob.operator.quota.Admission;
import io.evaljob.operator.quota.AttemptKey;
import io.evaljob.operator.quota.Charge;
import io.evaljob.operator.quota.Decision;
import io.evaljob.operator.quota.Demand;
import io.evaljob.operator.quota.QuotaRules;
import io.evaljob.operator.quota.QuotaView;
import io.evaljob.operator.quota.Snapshot;
import io.evaljob.operator.status.SameStatus;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** One EvalQuota of the simulated hour, and what its pods hold. */
final class SimulatedQuota {

  private final EvalQuota quota = new EvalQuota();
  private final Set<String> namespaces;
  private final String device;
  private final int most;
  private final boolean shared;
  private final int patience;
  private long version;
  private int charged;
  private int held;
  private boolean dirty;

  /** What one leader has read and decided, and has not written yet. */
  record Pass(Decision decision, EvalQuotaStatus status, long version) {}

  /**
   * A quota with nothing charged.
   *
   * @param most its devices, until it is edited
   * @param shared whether no namespace may have more than five eighths
   * @param patience seconds that the head of its queue may be overtaken
   */
  SimulatedQuota(
      String name, List<String> namespaces, String device, int most, boolean shared, int patience) {
    this.namespaces = Set.copyOf(namespaces);
    this.device = device;
    this.most = most;
    this.shared = shared;
    this.patience = patience;
    quota.setMetadata(new ObjectMetaBuilder().withName(name).withGeneration(1L).build());
    edit(4);
  }

  boolean selects(String namespace) {
    return namespaces.contains(namespace);
  }

  /** Gives it so many quarters of its devices. */
  void edit(int quarters) {
    int devices = most * quarters / 4;
    quota.setSpec(
        new EvalQuotaSpec(
            new NamespaceSelector(null, null),
            Map.of(device, new Quantity(Integer.toString(devices))),
            shared ? Map.of(device, new Quantity(Integer.toString(devices * 5 / 8))) : Map.of(),
            patience));
    version++;
  }

  int limit() {
    return QuotaRecords.limits(quota).hard().get(device);
  }

  int charged() {
    return charged;
  }

  int held() {
    return held;
  }

  /** A pod that is charged to it has got devices, or lost them where there are fewer than none. */
  void hold(int devices) {
    held += devices;
  }

  boolean isDirty() {
    return dirty;
  }

  void dirty(boolean now) {
    dirty = now;
  }

  boolean isEmpty() {
    return QuotaRecords.charges(quota).isEmpty();
  }

  boolean isCharged(AttemptKey key) {
    return QuotaRecords.isCharged(quota, key);
  }

  QuotaView view(EvalJob job) {
    return QuotaRecords.view(quota, job);
  }

  /** Decides; where {@code checked}, every rule of a decision is held against it. */
  Pass decide(List<Demand> waiting, List<Charge> holding, Instant told, boolean checked) {
    Snapshot snapshot =
        new Snapshot(
            QuotaRecords.limits(quota),
            namespaces,
            quota.getStatus() == null ? List.of() : QuotaRecords.charges(quota),
            waiting,
            holding,
            told);
    Decision decision = Admission.decide(snapshot);
    if (checked) {
      QuotaRules.check(snapshot, decision, device);
    }
    return new Pass(decision, QuotaRecords.status(quota, decision, Map.of(), told), version);
  }

  boolean isWritten(Pass pass) {
    return quota.getStatus() != null && SameStatus.test(quota.getStatus(), pass.status());
  }

  /** Writes what was decided, unless somebody has written since it was read. */
  boolean write(Pass pass) {
    if (pass.version() != version) {
      return false;
    }
    quota.setStatus(pass.status());
    version++;
    charged = pass.decision().ledger().stream().mapToInt(Charge::devices).sum();
    return true;
  }
}
