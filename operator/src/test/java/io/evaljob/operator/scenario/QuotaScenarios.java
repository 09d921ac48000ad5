package io.evaljob.operator.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evaljob.api.v1alpha1.Condition;
import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalQuota;
import io.evaljob.api.v1alpha1.EvalQuotaStatus;
import io.evaljob.api.v1alpha1.QueuedModel;
import io.evaljob.api.v1alpha1.Reservation;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.plan.DeviceContext;
import io.evaljob.operator.reconcile.EvalJobOperator;
import io.evaljob.operator.resources.Labels;
import io.evaljob.operator.testbed.Edits;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.scheduling.v1.PriorityClassBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Devices that several EvalJobs want at once. Every model here needs two. */
abstract class QuotaScenarios extends ScenarioBase {

  private static final String GPU = "nvidia.com/gpu";
  private static final List<String> THEN = List.of("three", "two");

  /** Infer stages of these models end only when their latch opens. */
  private final Map<String, CountDownLatch> held = new ConcurrentHashMap<>();

  @Test
  void aModelWaitsUntilDevicesAreReleasedToIt() {
    givenRuntime();
    givenQuota("team", 2);
    whenJobs(this::inferWhenLetGo);
    startOperator();
    hold("first");
    apply(job("one", "first"));
    EvalJob one = awaitJob("one", status -> conditions(status).containsValue("True/Reserved"));
    apply(job("two", "second"));

    awaitWaiting("two", "EvalQuota");
    EvalQuotaStatus full = awaitQuota("team", status -> status.queueHead().size() == 1);
    EvalJob two = awaitJob("two", status -> status.waiting().message().startsWith("1st"));

    assertThat(two.getStatus().phase()).isEqualTo("Queued");
    assertThat(two.getStatus().waiting().message())
        .isEqualTo(
            "1st in quota "
                + quota("team")
                + ", needs 2, 0 of 2 nvidia.com/gpu free; it starts when devices are released to"
                + " it.");
    assertThat(two.getStatus().waiting().devicesHeld()).isZero();
    assertThat(conditions(two.getStatus()))
        .containsEntry("QuotaReserved", "False/Queued")
        .containsEntry("Accepted", "True/Planned")
        .containsEntry("Reconciling", "True/Waiting");
    assertThat(two.getStatus().models().get(0).queuedTimeIfSet()).isPresent();
    assertThat(jobsOf(two)).containsExactly("second/prefetch/1");
    assertThat(full.summary().used()).isEqualTo("2");
    assertThat(full.summary().queued()).isEqualTo("2");
    assertThat(full.summary().limit()).isEqualTo("2");
    assertThat(full.used()).containsEntry(GPU, new Quantity("2"));
    assertThat(full.reservations()).map(Reservation::uid).containsExactly(uid(one));
    assertThat(full.queueHead()).map(QueuedModel::name).containsExactly("two");

    letGo("first");
    assertThat(conditions(awaitPhase("one", "Succeeded").getStatus()))
        .containsEntry("QuotaReserved", "False/Released");
    EvalJob done = awaitPhase("two", "Succeeded");
    assertThat(conditions(done.getStatus())).containsEntry("QuotaReserved", "False/Released");
    assertThat(done.getStatus().models().get(0).queuedTimeIfSet()).isEmpty();
    assertThat(done.getStatus().waitingIfSet()).isEmpty();
    await()
        .untilAsserted(
            () ->
                assertThat(eventReasons("two"))
                    .containsSubsequence("EvalQuota", "InferStarted", "Succeeded"));
    EvalQuotaStatus idle = awaitQuota("team", status -> status.reservations().isEmpty());
    assertThat(idle.summary().used()).isEqualTo("0");
    assertThat(idle.queueHead()).isEmpty();
  }

  @Test
  void withoutAQuotaNothingIsLimited() {
    givenRuntime();
    whenJobs((model, stage, attempt) -> succeeds(model));
    startOperator();
    apply(job("free", "base"));

    assertThat(conditions(awaitPhase("free", "Succeeded").getStatus()))
        .containsEntry("QuotaReserved", "True/NotLimited");
  }

  @Test
  void whatAQueueOfKueueAdmitsIsNotCharged() {
    givenRuntime();
    givenQuota("team", 1);
    whenJobs((model, stage, attempt) -> succeeds(model));
    startOperator();
    apply(Samples.edited(job("theirs", "base"), "queueName", "team-vlm"));

    EvalJob theirs =
        awaitJob(
            "theirs",
            status ->
                status.models().stream()
                    .anyMatch(model -> model.stageIfSet().filter("Infer"::equals).isPresent()));
    await().until(() -> jobsOf(theirs).contains("base/infer/1"));
    assertThat(conditions(read("theirs").getStatus()))
        .containsEntry("QuotaReserved", "True/NotLimited");
    assertThat(awaitQuota("team", status -> status.summary() != null).reservations()).isEmpty();
  }

  @Test
  void aQuotaMadeInMidRunChargesWhatRunsAndAnEditOfItKillsNothing() {
    givenRuntime();
    whenJobs(this::inferWhenLetGo);
    startOperator();
    hold("first");
    EvalJob one = applied(job("one", "first"));
    await().until(() -> jobsOf(one).contains("first/infer/1"));

    givenQuota("late", 2);
    awaitQuota("late", status -> status.reservations().size() == 1);
    apply(job("two", "second"));
    awaitWaiting("two", "EvalQuota");
    limit("late", 1);
    awaitQuota("late", status -> "1".equals(status.summary().limit()));
    assertThat(jobsOf(one)).contains("first/infer/1");
    EvalJob two =
        awaitJob(
            "two",
            status ->
                status
                    .waitingIfSet()
                    .filter(why -> why.message().contains("allows no more than 1"))
                    .isPresent());
    assertThat(jobsOf(two)).doesNotContain("second/infer/1");

    limit("late", 4);
    awaitPhase("two", "Succeeded");
    assertThat(finished(read("one"))).isFalse();
    letGo("first");
    awaitPhase("one", "Succeeded");
    awaitQuota("late", status -> status.reservations().isEmpty());
  }

  @Test
  void whatRunsWithoutAQueueIsChargedThoughTheSpecNamesOneByNow() {
    givenRuntime();
    whenJobs(this::inferWhenLetGo);
    startOperator();
    hold("first");
    EvalJob one = applied(job("one", "first"));
    await().until(() -> jobsOf(one).contains("first/infer/1"));
    EvalJob moved = edit("one", "queueName", "team-vlm");
    awaitJob(
        "one",
        status ->
            status
                .observedGenerationIfSet()
                .filter(moved.getMetadata().getGeneration()::equals)
                .isPresent());

    givenQuota("late", 2);
    EvalQuotaStatus late = awaitQuota("late", status -> !status.reservations().isEmpty());
    assertThat(late.reservations()).map(Reservation::uid).containsExactly(uid(one));
    apply(job("two", "second"));
    awaitWaiting("two", "EvalQuota");

    letGo("first");
    awaitPhase("one", "Succeeded");
    awaitPhase("two", "Succeeded");
    awaitQuota("late", status -> status.reservations().isEmpty());
  }

  @Test
  void whatIsGreaterThanTheQuotaIsRefusedUntilTheQuotaIsRaised() {
    givenRuntime();
    givenQuota("small", 1);
    whenJobs((model, stage, attempt) -> succeeds(model));
    startOperator();
    awaitQuota("small", QuotaScenarios::isSeen);
    apply(job("greedy", "base"));

    EvalJob refused = awaitPhase("greedy", "Failed");
    assertThat(conditions(refused.getStatus())).containsEntry("Accepted", "False/NotAllowed");
    assertThat(refused.getStatus().conditions().get(0).message())
        .contains("spec.models[base].devicesPerProcess", quota("small"), "2 nvidia.com/gpu")
        .contains("have the quota raised");
    assertThat(jobsOf(refused)).isEmpty();

    limit("small", 2);
    awaitPhase("greedy", "Succeeded");
  }

  @Test
  void ofTwoQuotasTheOlderAdmits() {
    givenRuntime();
    givenQuota("a", 2);
    whenJobs(this::inferWhenLetGo);
    startOperator();
    awaitQuota("a", status -> ready(status).equals("True/Admitting"));
    givenQuota("b", 0);

    EvalQuotaStatus younger = awaitQuota("b", status -> ready(status).equals("False/Overlap"));
    assertThat(younger.conditions().get(0).message()).contains(namespace(), quota("a"));
    apply(job("one", "first"));
    awaitPhase("one", "Succeeded");

    cluster().client().resources(EvalQuota.class).withName(quota("a")).delete();
    awaitQuota("b", status -> ready(status).equals("True/Admitting"));
  }

  @Test
  void theMoreUrgentGoesFirst() {
    givenRuntime();
    givenQuota("team", 2);
    whenJobs(this::inferWhenLetGo);
    String urgent = "urgent-" + namespace();
    apply(
        new PriorityClassBuilder()
            .withNewMetadata()
            .withName(urgent)
            .endMetadata()
            .withValue(1000)
            .build());
    startOperator();
    hold("first");
    hold("third");
    apply(job("one", "first"));
    awaitJob("one", status -> conditions(status).containsValue("True/Reserved"));
    apply(job("two", "second"));
    awaitWaiting("two", "EvalQuota");
    apply(Samples.edited(job("three", "third"), "priorityClassName", urgent));

    awaitQuota(
        "team", status -> status.queueHead().stream().map(QueuedModel::name).toList().equals(THEN));
    letGo("first");
    awaitJob("three", status -> conditions(status).containsValue("True/Reserved"));
    assertThat(read("two").getStatus().phase()).isEqualTo("Queued");
    letGo("third");
    awaitPhase("two", "Succeeded");
  }

  /** The charge is gone in the moment in which the Job is to be made from it. */
  @Test
  void noJobIsMadeFromAChargeThatWasTakenBack() {
    givenRuntime();
    givenQuota("team", 2);
    whenJobs((model, stage, attempt) -> succeeds(model));
    AtomicBoolean taken = new AtomicBoolean();
    String read = "GET /apis/evaljob.io/v1alpha1/evalquotas/" + quota("team");
    RequestTap tap = RequestTap.open();
    tap.before(
        request -> request.equals(read) && taken.compareAndSet(false, true),
        () -> takeBackCharges("team"));
    startOperator(tap);
    apply(job("one", "base"));

    awaitPhase("one", "Succeeded");
    assertThat(taken).isTrue();
    List<String> after =
        tap.requests().subList(tap.requests().indexOf(read), tap.requests().size());
    int charged = firstOf(after, "PUT /apis/evaljob.io/v1alpha1/evalquotas/" + quota("team"));
    int made = firstOf(after, "POST /apis/batch/v1/");
    assertThat(charged).as("charged anew before the Job is made").isBetween(1, made);
    awaitQuota("team", status -> status.reservations().isEmpty());
  }

  private void takeBackCharges(String name) {
    EvalQuota found = readQuota(name);
    EvalQuotaStatus written = found.getStatus();
    found.setStatus(
        new EvalQuotaStatus(
            written.observedGeneration(),
            written.conditions(),
            written.used(),
            written.queued(),
            written.summary(),
            List.of(),
            written.queueHead()));
    cluster().client().resource(found).updateStatus();
  }

  /** Both believe that they lead: what is written decides. */
  @Test
  void twoLeadersAtOnceGrantNothingTwice() {
    givenRuntime();
    givenQuota("team", 4);
    Set<String> tooMany = ConcurrentHashMap.newKeySet();
    whenJobs(
        (model, stage, attempt) -> {
          List<String> running = runningInfers();
          if (running.size() > 2) {
            tooMany.addAll(running);
          }
          return inferWhenLetGo(model, stage, attempt);
        });
    startOperator();
    KubernetesClient other = cluster().operatorClient(RequestTap.open());
    try (EvalJobOperator second = newOperator(other, new DeviceContext.RequestedInPod())) {
      List<String> names = IntStream.range(0, 6).mapToObj(i -> "job-" + i).toList();
      names.forEach(name -> apply(job(name, "model")));
      await()
          .until(
              () -> {
                EvalQuotaStatus status = readQuota("team").getStatus();
                List<String> running = runningInfers();
                assertThat(running).hasSizeLessThanOrEqualTo(2);
                assertThat(status == null ? List.of() : status.reservations())
                    .hasSizeLessThanOrEqualTo(2);
                return names.stream().allMatch(name -> finished(read(name)));
              });
      names.forEach(name -> awaitPhase(name, "Succeeded"));
      assertThat(second.ready()).isTrue();
    } finally {
      other.close();
    }
    assertThat(tooMany).isEmpty();
    awaitQuota("team", status -> status.reservations().isEmpty());
  }

  /** The operator is killed before and after each write that has to do with devices. */
  @Test
  void killedBetweenAnyTwoWritesItNeitherLosesNorLeaksACharge() throws InterruptedException {
    givenRuntime();
    givenQuota("team", 2);
    whenJobs((model, stage, attempt) -> succeeds(model));
    RequestTap whole = startOperator();
    awaitQuota("team", QuotaScenarios::isSeen);
    int idle = whole.writes().size();
    apply(job("run", "base"));
    awaitPhase("run", "Succeeded");
    awaitQuota("team", status -> status.reservations().isEmpty());
    List<String> writes = whole.writes().subList(idle, whole.writes().size());
    int first = firstOf(writes, "/evalquotas/");
    assertThat(first).isPositive();
    stopOperator();

    for (int allowed : aroundDevices(writes, first)) {
      RequestTap cut = RequestTap.open();
      startOperator(cut);
      cut.cutAfter(allowed);
      String name = "run-" + allowed;
      EvalJob job = applied(job(name, "base"));
      await().until(() -> cut.cutOff().getCount() == 0 || finished(read(name)));
      if (!runningInfers().isEmpty()) {
        assertThat(readQuota("team").getStatus().reservations())
            .as("killed after %d writes", allowed)
            .map(Reservation::uid)
            .contains(uid(job));
      }
      abandonOperator();
      startOperator();
      awaitPhase(name, "Succeeded");
      awaitQuota("team", status -> status.reservations().isEmpty());
      stopOperator();
    }
  }

  /** Before and after each write of the quota and each Job that follows its first. */
  private static int[] aroundDevices(List<String> writes, int first) {
    return IntStream.range(first, writes.size())
        .filter(i -> writes.get(i).contains("/evalquotas/") || writes.get(i).endsWith("/jobs"))
        .flatMap(i -> IntStream.of(i, i + 1))
        .distinct()
        .toArray();
  }

  private static boolean isSeen(EvalQuotaStatus status) {
    return status.observedGenerationIfSet().filter(generation -> generation > 0).isPresent();
  }

  private static int firstOf(List<String> writes, String part) {
    return IntStream.range(0, writes.size())
        .filter(i -> writes.get(i).contains(part))
        .findFirst()
        .orElse(-1);
  }

  /** Infer Jobs of the namespace that have not ended. */
  List<String> runningInfers() {
    return cluster()
        .client()
        .batch()
        .v1()
        .jobs()
        .inNamespace(namespace())
        .withLabel(Labels.STAGE, "infer")
        .list()
        .getItems()
        .stream()
        .filter(QuotaScenarios::runs)
        .map(job -> job.getMetadata().getName())
        .toList();
  }

  private static boolean runs(Job job) {
    return job.getStatus() == null
        || job.getStatus().getConditions().stream()
            .noneMatch(condition -> Set.of("Complete", "Failed").contains(condition.getType()));
  }

  private Ending inferWhenLetGo(String model, Stage stage, int attempt)
      throws InterruptedException {
    CountDownLatch latch = held.get(model);
    if (stage == Stage.Infer && latch != null) {
      latch.await();
    }
    return succeeds(model);
  }

  void hold(String model) {
    held.put(model, new CountDownLatch(1));
  }

  void letGo(String model) {
    held.get(model).countDown();
  }

  private void limit(String name, int devices) {
    Edits.untilWritten(
        () ->
            cluster()
                .client()
                .resources(EvalQuota.class)
                .withName(quota(name))
                .edit(found -> limited(found, devices)));
  }

  private static EvalQuota limited(EvalQuota found, int devices) {
    EvalQuota edited = Serialization.clone(found);
    edited.setSpec(
        new io.evaljob.api.v1alpha1.EvalQuotaSpec(
            found.getSpec().namespaceSelector(),
            Map.of(GPU, new Quantity(Integer.toString(devices))),
            Map.of(),
            null));
    return edited;
  }

  private static String ready(EvalQuotaStatus status) {
    return status.conditions().stream()
        .filter(condition -> condition.type().equals("Ready"))
        .map((Condition condition) -> condition.status() + "/" + condition.reason())
        .findFirst()
        .orElse("");
  }

  private static String uid(EvalJob job) {
    return job.getMetadata().getUid();
  }
}
