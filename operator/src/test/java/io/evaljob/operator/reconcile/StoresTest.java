package io.evaljob.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.operator.lifecycle.Rest;
import io.evaljob.operator.observe.Liveness;
import io.evaljob.operator.resources.Labels;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StoresTest {

  private final KubernetesSerialization serialization = LeanReading.serialization();
  private final Resting resting = new Resting();
  private final EvalJobStore evalJobs = new EvalJobStore(serialization, resting);
  private final ChildStore<Job> jobs =
      new ChildStore<>(Job::new, one -> !Liveness.mayMakePods(one), resting);

  private EvalJob evalJob(String name, String runID, String more, String version) {
    return serialization.unmarshal(
        """
        {"apiVersion": "evaljob.io/v1alpha1", "kind": "EvalJob",
         "metadata": {"name": "NAME", "namespace": "ns", "uid": "uid-NAME", "generation": 2,
                      "resourceVersion": "VERSION", "labels": {"team": "vision"}},
         "spec": {"runtimeRef": {"name": "r"}, "runID": "RUN", "models": [{"name": "base"}],
                  "datasets": [{"name": "one"}]},
         "status": {"observedGeneration": 2, "run": {"id": "first", "number": 1}MORE}}
        """
            .replace("NAME", name)
            .replace("RUN", runID)
            .replace("VERSION", version)
            .replace("MORE", more),
        EvalJob.class);
  }

  private static final String FINISHED =
      """
      , "conditions": [{"type": "Finished", "status": "True", "reason": "Succeeded",
                        "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}]""";

  private static Job job(String name, String evalJob, String end) {
    JobBuilder job =
        new JobBuilder()
            .withNewMetadata()
            .withNamespace("ns")
            .withName(name)
            .withUid("uid-" + name)
            .addToLabels(Labels.JOB_UID, "uid-" + evalJob)
            .endMetadata();
    return end.isEmpty()
        ? job.build()
        : job.withNewStatus()
            .addNewCondition()
            .withType(end)
            .withStatus("True")
            .endCondition()
            .endStatus()
            .build();
  }

  @Test
  void anEvalJobAtRestComesOutAsItWentIn() {
    for (String name : new String[] {"first", "another", "third"}) {
      EvalJob finished = evalJob(name, "first", FINISHED, "7");
      assertThat(Rest.isAtRest(finished)).isTrue();

      evalJobs.put("ns/" + name, finished);

      assertThat(serialization.asJson(evalJobs.get("ns/" + name)))
          .isEqualTo(serialization.asJson(finished));
    }
    EvalJob again = evalJob("third", "first", FINISHED, "8");
    assertThat(evalJobs.put("ns/third", again).getMetadata().getResourceVersion()).isEqualTo("7");
    EvalJob fourth = evalJob("fourth", "first", FINISHED, "1");
    assertThat(evalJobs.put("ns/fourth", fourth)).isSameAs(fourth);
    assertThat(evalJobs.put("ns/running", evalJob("running", "first", "", "1"))).isNull();
    assertThat(evalJobs.remove("ns/running")).isNotNull();
    assertThat(evalJobs.size()).isEqualTo(4);
    assertThat(evalJobs.keySet()).contains("ns/first", "ns/another", "ns/third");
    assertThat(evalJobs.values().map(evalJobs::getKey)).contains("ns/first", "ns/another");
  }

  @Test
  void packedItIsAFewHundredBytesWhateverTheFirstOneWas() {
    Packing<EvalJob> packing = new Packing<>(serialization, EvalJob.class);
    packing.pack(evalJob("a", "first", "", "1"));

    for (int i = 0; i < 100; i++) {
      EvalJob one = evalJob("name-" + i, "first", FINISHED, Integer.toString(i));
      byte[] packed = packing.pack(one);
      assertThat(packed).hasSizeLessThan(400);
      assertThat(serialization.asJson(packing.unpack(packed))).isEqualTo(serialization.asJson(one));
    }
  }

  @Test
  void whatHardlyPacksComesOutToo() {
    StringBuilder noise = new StringBuilder();
    new Random(1).ints(60_000, 33, 0xd000).forEach(noise::appendCodePoint);
    EvalJob big = evalJob("big", "first", FINISHED, "1");
    big.getMetadata().getLabels().put("noise", noise.toString());

    evalJobs.put("ns/small", evalJob("small", "first", FINISHED, "1"));
    evalJobs.put("ns/big", big);

    assertThat(evalJobs.get("ns/big").getMetadata().getLabels())
        .containsEntry("noise", noise.toString());
  }

  @Test
  void onlyAnEvalJobThatNothingIsLeftToDoOfIsAtRest() {
    EvalJob finished = evalJob("a", "first", FINISHED, "1");
    EvalJob anotherRun = evalJob("a", "second", FINISHED, "1");
    EvalJob edited = evalJob("a", "first", FINISHED, "1");
    edited.getMetadata().setGeneration(3L);
    EvalJob leaving = evalJob("a", "first", FINISHED, "1");
    leaving.getMetadata().setDeletionTimestamp("2026-01-01T00:00:00Z");

    assertThat(Rest.isAtRest(finished)).isTrue();
    assertThat(Rest.isAtRest(anotherRun)).isFalse();
    assertThat(Rest.isAtRest(edited)).isFalse();
    assertThat(Rest.isAtRest(leaving)).isFalse();
    assertThat(Rest.isAtRest(evalJob("a", "first", "", "1"))).isFalse();
    assertThat(Rest.isAtRest(new EvalJob())).isFalse();
  }

  @Test
  void whatHasEndedOfAnEvalJobAtRestIsForgottenWhicheverComesFirst() {
    Job before = job("before", "a", "Complete");
    Job running = job("running", "a", "");
    Job others = job("others", "b", "Failed");
    jobs.put("ns/before", before);
    jobs.put("ns/running", running);
    jobs.put("ns/others", others);

    evalJobs.put("ns/a", evalJob("a", "first", FINISHED, "1"));
    Job after = job("after", "a", "Failed");
    assertThat(jobs.put("ns/after", after)).as("the informer has nothing to tell").isSameAs(after);

    assertThat(jobs.ofJob("uid-a")).containsExactly(running);
    assertThat(jobs.withUid("uid-before")).isEmpty();
    assertThat(jobs.withUid("uid-running")).contains(running);
    assertThat(jobs.get("ns/after")).isNull();
    assertThat(jobs.ofJob("uid-b")).containsExactly(others);
    assertThat(jobs.all()).containsExactlyInAnyOrder(running, others);

    jobs.put("ns/running", job("running", "a", "Complete"));
    assertThat(jobs.ofJob("uid-a")).isEmpty();
  }

  @Test
  void anEvalJobThatIsWokenLacksItsChildrenUntilAPassHasSeenThem() {
    evalJobs.put("ns/a", evalJob("a", "first", FINISHED, "1"));
    assertThat(resting.contains("uid-a")).isTrue();
    assertThat(resting.lacksChildren("uid-a")).isFalse();

    evalJobs.put("ns/a", evalJob("a", "second", FINISHED, "2"));
    assertThat(resting.contains("uid-a")).isFalse();
    assertThat(resting.lacksChildren("uid-a")).isTrue();

    Job old = job("old", "a", "Complete");
    jobs.put("ns/old", old);
    assertThat(jobs.ofJob("uid-a")).containsExactly(old);

    resting.caughtUp("uid-a");
    assertThat(resting.lacksChildren("uid-a")).isFalse();
  }

  @Test
  void oneThatIsGoneOrMadeAgainUnderItsNameIsNotAtRest() {
    evalJobs.put("ns/a", evalJob("a", "first", FINISHED, "1"));
    EvalJob again = evalJob("a", "first", "", "9");
    again.getMetadata().setUid("uid-again");
    evalJobs.put("ns/a", again);
    assertThat(resting.contains("uid-a")).isFalse();
    assertThat(resting.lacksChildren("uid-again")).isFalse();

    evalJobs.put("ns/b", evalJob("b", "first", FINISHED, "1"));
    assertThat(evalJobs.remove("ns/b").getMetadata().getName()).isEqualTo("b");
    assertThat(resting.contains("uid-b")).isFalse();
    assertThat(evalJobs.get("ns/b")).isNull();
    assertThat(evalJobs.remove("ns/b")).isNull();
  }

  @Test
  void removingWhatWasForgottenStillTellsTheInformerItsName() {
    HasMetadata removed = jobs.remove("ns/forgotten");

    assertThat(removed.getMetadata().getNamespace()).isEqualTo("ns");
    assertThat(removed.getMetadata().getName()).isEqualTo("forgotten");
    assertThat(jobs.size()).isZero();
  }
}
