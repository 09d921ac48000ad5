package io.evaljob.operator.reconcile;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalQuota;
import io.evaljob.api.v1alpha1.EvalRuntime;
import io.evaljob.operator.config.OperatorConfig;
import io.evaljob.operator.leader.Leadership;
import io.evaljob.operator.lifecycle.LifecycleSettings;
import io.evaljob.operator.plan.DeviceContext;
import io.evaljob.operator.report.ReportSink;
import io.evaljob.operator.resources.ChildFactory;
import io.evaljob.operator.resources.ResourceSettings;
import io.evaljob.operator.resources.RunnerArchive;
import io.evaljob.operator.validate.RuntimeValidator;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.RuntimeInfo;
import io.javaoperatorsdk.operator.api.config.ControllerConfigurationOverrider;
import io.javaoperatorsdk.operator.processing.event.rate.LinearRateLimiter;
import io.javaoperatorsdk.operator.processing.retry.GenericRetry;
import io.javaoperatorsdk.operator.processing.retry.Retry;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The operator as one object: started against any API server, a real one, the one-machine mode's or
 * a test's.
 */
public final class EvalJobOperator implements AutoCloseable {

  /** A pass of an EvalRuntime without any event: what a watch missed is found in this time. */
  private static final Duration LONGEST_SILENCE = Duration.ofMinutes(3);

  /** One pass grants all that has gathered, so a quota takes no more passes than these. */
  private static final Duration QUOTA_PERIOD = Duration.ofMillis(500);

  private static final int QUOTA_PASSES = 3;

  private static final Logger LOG = LoggerFactory.getLogger(EvalJobOperator.class);

  private final Operator operator;
  private final ReportInbox inbox;
  private final EvalJobReconciler reconciler;
  private final List<Runnable> wakes;
  private final Leadership leadership;

  private EvalJobOperator(
      Operator operator,
      ReportInbox inbox,
      EvalJobReconciler reconciler,
      List<Runnable> wakes,
      Leadership leadership) {
    this.operator = operator;
    this.inbox = inbox;
    this.reconciler = reconciler;
    this.wakes = wakes;
    this.leadership = leadership;
  }

  /**
   * Starts the operator and returns when its caches are filled.
   *
   * @param client client of the API server; it stays open when the operator is closed
   * @param config the operator's settings
   * @param clock the time
   * @param devices who isolates the devices
   * @param caBundle PEM of the report endpoint's current and next CA, asked for whenever a plan is
   *     made; empty text where pods need none
   * @return the running operator
   * @throws io.javaoperatorsdk.operator.OperatorException where a cache cannot be filled, for
   *     example because the CRDs are not installed
   */
  public static EvalJobOperator start(
      KubernetesClient client,
      OperatorConfig config,
      Clock clock,
      DeviceContext devices,
      Supplier<String> caBundle) {
    return start(
        client,
        config,
        clock,
        devices,
        caBundle,
        RunnerArchive.fromClassPath(),
        LifecycleSettings.ONE_MACHINE);
  }

  /**
   * Starts the operator with another runner and other limits.
   *
   * @param client client of the API server; it stays open when the operator is closed
   * @param config the operator's settings
   * @param clock the time
   * @param devices who isolates the devices
   * @param caBundle PEM of the report endpoint's current and next CA
   * @param runner what runs in the pods
   * @param limits limits that no spec names
   * @return the running operator
   */
  public static EvalJobOperator start(
      KubernetesClient client,
      OperatorConfig config,
      Clock clock,
      DeviceContext devices,
      Supplier<String> caBundle,
      RunnerArchive runner,
      LifecycleSettings limits) {
    EvalJobOperator prepared =
        prepare(client, config, clock, devices, caBundle, runner, limits, Leadership.alone());
    prepared.begin();
    return prepared;
  }

  /**
   * Makes the operator as one of several replicas and asks the API server nothing yet: {@link
   * #begin} does.
   *
   * @param client client of the API server; it stays open when the operator is closed
   * @param config the operator's settings
   * @param clock the time
   * @param devices who isolates the devices
   * @param caBundle PEM of the report endpoint's current and next CA
   * @param runner what runs in the pods
   * @param limits limits that no spec names
   * @param leadership nothing is written while it is not held, and whoever gives it tells what
   *     becomes of it by {@link #takeOver} and {@link #standBy}
   * @return the operator, which does nothing yet
   */
  public static EvalJobOperator prepare(
      KubernetesClient client,
      OperatorConfig config,
      Clock clock,
      DeviceContext devices,
      Supplier<String> caBundle,
      RunnerArchive runner,
      LifecycleSettings limits,
      Leadership leadership) {
    Resting resting = new Resting();
    ReportInbox inbox = new ReportInbox(clock, config.progressInterval(), leadership);
    EvalJobReconciler reconciler =
        new EvalJobReconciler(
            client,
            config,
            clock,
            devices,
            new ChildFactory(new ResourceSettings(config.reportUrl().toString(), runner)),
            caBundle,
            inbox,
            limits,
            leadership,
            resting);
    EvalRuntimeReconciler runtimes =
        new EvalRuntimeReconciler(client, clock, RuntimeValidator::validate, leadership);
    EvalQuotaReconciler quotas =
        new EvalQuotaReconciler(client, clock, reconciler.quotas(), reconciler.door(), leadership);
    Operator operator =
        new Operator(
            overrides ->
                overrides
                    .withKubernetesClient(client)
                    .withCloseClientOnStop(false)
                    .withResourceCloner(new PrimaryCloner(client.getKubernetesSerialization()))
                    .withUseSSAToPatchPrimaryResource(false)
                    .withConcurrentReconciliationThreads(config.reconcileThreads())
                    .withConcurrentWorkflowExecutorThreads(1)
                    // The default ends the process, which is not ours alone in the one-machine
                    // mode.
                    .withInformerStoppedHandler(EvalJobOperator::watchEnded)
                    .withReconciliationTerminationTimeout(Duration.ofSeconds(10)));
    operator.register(
        reconciler,
        (ControllerConfigurationOverrider<EvalJob> controller) ->
            packed(controllerSettings(controller), client, config, resting)
                .withRateLimiter(new NewestFirst(clock))
                .settingNamespaces(EventSources.namespaces(config.watchNamespaces())));
    operator.register(
        runtimes,
        (ControllerConfigurationOverrider<EvalRuntime> controller) ->
            controllerSettings(controller).withReconciliationMaxInterval(LONGEST_SILENCE));
    operator.register(
        quotas,
        (ControllerConfigurationOverrider<EvalQuota> controller) ->
            controllerSettings(controller)
                .withReconciliationMaxInterval(LONGEST_SILENCE)
                .withRateLimiter(new LinearRateLimiter(QUOTA_PERIOD, QUOTA_PASSES)));
    return new EvalJobOperator(
        operator,
        inbox,
        reconciler,
        List.of(quotas::wakeAll, reconciler::wakeAll, runtimes::wakeAll),
        leadership);
  }

  /**
   * Starts what was prepared and returns when its caches are filled.
   *
   * @throws io.javaoperatorsdk.operator.OperatorException where a cache cannot be filled, for
   *     example because the CRDs are not installed
   */
  public void begin() {
    operator.start();
    if (leadership.held()) {
      reconciler.wakeAll();
    }
  }

  /** Closing the operator ends its watches too, without a reason. */
  private static void watchEnded(SharedIndexInformer<?> informer, Throwable why) {
    if (why != null) {
      LOG.error("The watch of {} ended: no longer ready", informer.getApiTypeClass(), why);
    }
  }

  private static <T extends HasMetadata> ControllerConfigurationOverrider<T> controllerSettings(
      ControllerConfigurationOverrider<T> controller) {
    return controller
        .withGenerationAware(true)
        .withReconciliationMaxInterval(null)
        .withInformerListLimit(EventSources.PAGE)
        .withRetry(retry());
  }

  /** Keeps EvalJobs at rest packed. */
  private static ControllerConfigurationOverrider<EvalJob> packed(
      ControllerConfigurationOverrider<EvalJob> controller,
      KubernetesClient client,
      OperatorConfig config,
      Resting resting) {
    return EvalJobStore.isUsed(config)
        ? controller.withItemStore(new EvalJobStore(client.getKubernetesSerialization(), resting))
        : controller;
  }

  /** The API server will be back: never give up, never hurry. */
  private static Retry retry() {
    return new GenericRetry()
        .setInitialInterval(500)
        .setIntervalMultiplier(2)
        .setMaxInterval(60_000)
        .withoutMaxAttempts();
  }

  /** Where authenticated reports go. */
  public ReportSink reportSink() {
    return inbox;
  }

  /** Catches up: everything is looked at, since nothing was done while another replica led. */
  public void takeOver() {
    wakes.forEach(Runnable::run);
  }

  /** Has the reports that wait here sent to the replica that leads. */
  public void standBy() {
    inbox.abandon();
  }

  /** Whether all caches are filled and watched. */
  public boolean ready() {
    RuntimeInfo info = operator.getRuntimeInfo();
    return info.isStarted() && info.allEventSourcesAreHealthy();
  }

  /** Stops reconciling; what is in work is finished first. */
  @Override
  public void close() {
    operator.stop();
    reconciler.close();
  }
}
