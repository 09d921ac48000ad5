package io.evaljob.operator.reconcile;

import io.evaljob.api.v1alpha1.EvalQuota;
import io.evaljob.api.v1alpha1.EvalQuotaStatus;
import io.evaljob.operator.leader.Fence;
import io.evaljob.operator.leader.Leadership;
import io.evaljob.operator.quota.Admission;
import io.evaljob.operator.quota.Charge;
import io.evaljob.operator.quota.Decision;
import io.evaljob.operator.quota.Snapshot;
import io.evaljob.operator.status.SameStatus;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;

/**
 * Admits: one pass reads who waits and who holds, takes back what nobody can hold any more, grants
 * what fits, and writes all of it at once over the version that it read. Two leaders, or a leader
 * that was stopped between any two of these steps, cannot grant the same devices twice.
 */
@ControllerConfiguration(name = "evalquota")
final class EvalQuotaReconciler implements Reconciler<EvalQuota> {

  private static final Duration AFTER_CONFLICT = Duration.ofMillis(200);

  /** Charges of which the API server is asked in one pass; it keeps others from starting. */
  private static final int ASKED = 50;

  private final KubernetesClient client;
  private final Clock clock;
  private final LeadersPass leaders;
  private final QuotaSources sources;
  private final DeviceDoor door;
  private final HeldDevices held;
  private final SimpleInboundEventSource<EvalQuota> wakes = new SimpleInboundEventSource<>("wakes");

  EvalQuotaReconciler(
      KubernetesClient client,
      Clock clock,
      QuotaSources sources,
      DeviceDoor door,
      Leadership leadership) {
    this.client = Fence.singleTry(client);
    this.clock = clock;
    this.sources = sources;
    this.door = door;
    held = new HeldDevices(client);
    leaders = new LeadersPass(leadership);
  }

  @Override
  public List<EventSource<?, EvalQuota>> prepareEventSources(
      EventSourceContext<EvalQuota> context) {
    sources.connect(wakes::propagateEvent);
    return List.of(wakes);
  }

  /** Has every EvalQuota reconciled. */
  void wakeAll() {
    sources.all().forEach(wakes::propagateEvent);
  }

  @Override
  public UpdateControl<EvalQuota> reconcile(EvalQuota quota, Context<EvalQuota> context) {
    return leaders.take(quota, () -> pass(quota, context));
  }

  private UpdateControl<EvalQuota> pass(EvalQuota quota, Context<EvalQuota> context) {
    if (!sources.ready()) {
      return UpdateControl.<EvalQuota>noUpdate().rescheduleAfter(AFTER_CONFLICT);
    }
    return door.deciding(() -> decide(quota, context));
  }

  private UpdateControl<EvalQuota> decide(EvalQuota quota, Context<EvalQuota> context) {
    Instant now = clock.instant();
    QuotaScopes scopes = sources.scopes();
    Set<String> own = scopes.namespacesOf(quota);
    Snapshot snapshot = sources.snapshot(quota, own, now);
    List<Charge> releasable = snapshot.releasable();
    List<Charge> asked = releasable.stream().limit(ASKED).toList();
    List<Charge> notAsked = releasable.subList(asked.size(), releasable.size());
    List<Charge> heldStill = asked.stream().filter(held::mayHold).toList();
    Decision decision = Admission.decide(snapshot.holdingAlso(heldStill).holdingAlso(notAsked));
    return write(
        quota, context, snapshot, status(quota, decision, scopes, now), notAsked.isEmpty());
  }

  private static EvalQuotaStatus status(
      EvalQuota quota, Decision decision, QuotaScopes scopes, Instant now) {
    return QuotaRecords.status(quota, decision, scopes.overlaps(quota), now);
  }

  private UpdateControl<EvalQuota> write(
      EvalQuota quota,
      Context<EvalQuota> context,
      Snapshot snapshot,
      EvalQuotaStatus status,
      boolean complete) {
    UpdateControl<EvalQuota> done = UpdateControl.noUpdate();
    if (!complete) {
      done.reschedule();
    }
    if (quota.getStatus() != null && SameStatus.test(quota.getStatus(), status)) {
      return done;
    }
    EvalQuota update = new EvalQuota();
    update.setMetadata(new ObjectMetaBuilder(quota.getMetadata()).build());
    update.setSpec(quota.getSpec());
    update.setStatus(status);
    try {
      EvalQuota stored = client.resource(update).updateStatus();
      // The next pass must not decide on an older ledger.
      context
          .eventSourceRetriever()
          .getControllerEventSource()
          .handleRecentResourceUpdate(ResourceID.fromResource(quota), stored, quota);
    } catch (KubernetesClientException e) {
      sources.readAgain(snapshot);
      if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
        return UpdateControl.<EvalQuota>noUpdate().rescheduleAfter(AFTER_CONFLICT);
      }
      if (e.getCode() != HttpURLConnection.HTTP_NOT_FOUND) {
        throw e;
      }
    }
    return done;
  }
}
