package io.evaljob.operator.reconcile;

import io.evaljob.api.v1alpha1.ConditionType;
import io.evaljob.api.v1alpha1.EvalRuntime;
import io.evaljob.api.v1alpha1.EvalRuntimeStatus;
import io.evaljob.api.v1alpha1.Reason;
import io.evaljob.operator.leader.Fence;
import io.evaljob.operator.leader.Leadership;
import io.evaljob.operator.plan.Refusal;
import io.evaljob.operator.status.Conditions;
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
import io.javaoperatorsdk.operator.processing.event.source.IndexerResourceCache;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Says of every EvalRuntime whether it can be used, before an EvalJob names it. */
@ControllerConfiguration(name = "evalruntime")
final class EvalRuntimeReconciler implements Reconciler<EvalRuntime> {

  private static final Duration AFTER_CONFLICT = Duration.ofMillis(200);

  private final KubernetesClient client;
  private final Clock clock;
  private final Function<EvalRuntime, List<Refusal>> check;
  private final LeadersPass leaders;
  private final SimpleInboundEventSource<EvalRuntime> wakes =
      new SimpleInboundEventSource<>("wakes");
  private IndexerResourceCache<EvalRuntime> runtimes;

  EvalRuntimeReconciler(
      KubernetesClient client,
      Clock clock,
      Function<EvalRuntime, List<Refusal>> check,
      Leadership leadership) {
    this.client = Fence.singleTry(client);
    this.clock = clock;
    this.check = check;
    this.leaders = new LeadersPass(leadership);
  }

  @Override
  public List<EventSource<?, EvalRuntime>> prepareEventSources(
      EventSourceContext<EvalRuntime> context) {
    runtimes = context.getPrimaryCache();
    return List.of(wakes);
  }

  /** Has every EvalRuntime reconciled. */
  void wakeAll() {
    runtimes.list().map(ResourceID::fromResource).forEach(wakes::propagateEvent);
  }

  @Override
  public UpdateControl<EvalRuntime> reconcile(EvalRuntime runtime, Context<EvalRuntime> context) {
    return leaders.take(runtime, () -> pass(runtime));
  }

  private UpdateControl<EvalRuntime> pass(EvalRuntime runtime) {
    if (runtime.getMetadata().getDeletionTimestamp() != null) {
      return UpdateControl.noUpdate();
    }
    EvalRuntimeStatus status = status(runtime, check.apply(runtime));
    if (runtime.getStatus() != null && SameStatus.test(runtime.getStatus(), status)) {
      return UpdateControl.noUpdate();
    }
    EvalRuntime update = new EvalRuntime();
    update.setMetadata(new ObjectMetaBuilder(runtime.getMetadata()).build());
    update.setSpec(runtime.getSpec());
    update.setStatus(status);
    try {
      client.resource(update).updateStatus();
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
        return UpdateControl.<EvalRuntime>noUpdate().rescheduleAfter(AFTER_CONFLICT);
      }
      if (e.getCode() != HttpURLConnection.HTTP_NOT_FOUND) {
        throw e;
      }
    }
    return UpdateControl.noUpdate();
  }

  private EvalRuntimeStatus status(EvalRuntime runtime, List<Refusal> refusals) {
    boolean good = refusals.isEmpty();
    String message = refusals.stream().map(Refusal::message).collect(Collectors.joining("\n"));
    Long generation = runtime.getMetadata().getGeneration();
    long seen = generation == null ? 0 : generation;
    return new EvalRuntimeStatus(
        seen,
        Conditions.merge(
            runtime.getStatus() == null ? List.of() : runtime.getStatus().conditions(),
            List.of(
                new Conditions.Now(
                    ConditionType.Ready, good, good ? Reason.Valid : Reason.Invalid, message)),
            seen,
            clock.instant()));
  }
}
