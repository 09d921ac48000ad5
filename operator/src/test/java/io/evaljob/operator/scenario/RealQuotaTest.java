package io.evaljob.operator.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.testbed.ControlPlane;
import io.evaljob.operator.testbed.Kubectl;
import io.evaljob.operator.testbed.RealCluster;
import org.junit.jupiter.api.Test;

@RealCluster
class RealQuotaTest extends QuotaScenarios {

  private final ControlPlane plane;

  RealQuotaTest(ControlPlane plane) {
    this.plane = plane;
  }

  @Override
  TestCluster newCluster() {
    return new RealServerCluster(plane);
  }

  @Test
  void anEvalJobThatIsDeletedGivesItsDevicesToTheNext() {
    givenRuntime();
    givenQuota("team", 2);
    whenJobs(
        (model, stage, attempt) ->
            model.equals("first") && stage == Stage.Infer ? new Ending.RunsOn() : succeeds(model));
    startOperator();
    EvalJob one = applied(job("one", "first"));
    awaitJob("one", status -> status.summary().devices().startsWith("2/"));
    apply(job("two", "second"));
    awaitWaiting("two", "EvalQuota");

    cluster().client().resource(one).delete();

    awaitPhase("two", "Succeeded");
    awaitQuota("team", status -> status.reservations().isEmpty());
  }

  /** What a person does and sees, with kubectl alone. */
  @Test
  void aPersonSeesTheQueueWithKubectl() {
    givenRuntime();
    givenQuota("team", 2);
    whenJobs(
        (model, stage, attempt) ->
            model.equals("first") && stage == Stage.Infer ? new Ending.RunsOn() : succeeds(model));
    startOperator();
    apply(job("one", "first"));
    awaitJob("one", status -> status.summary().devices().startsWith("2/"));
    apply(job("two", "second"));
    awaitJob(
        "two",
        status -> status.waitingIfSet().filter(why -> why.message().startsWith("1st")).isPresent());
    Kubectl kubectl = plane.kubectl();

    assertThat(kubectl.run("get", "evq", quota("team")))
        .matches(
            "NAME +USED +QUEUED +LIMIT +READY +AGE\\s+"
                + quota("team")
                + " +2 +2 +2 +True +\\S+\\s+");
    assertThat(kubectl.run("get", "evq", quota("team"), "-o", "wide"))
        .contains("RESOURCES", "WAITING", "nvidia.com/gpu");
    assertThat(kubectl.run("get", "ej", "two", "-n", namespace())).contains("Queued", "EvalQuota");
    assertThat(kubectl.run("describe", "ej", "two", "-n", namespace()))
        .contains("1st in quota " + quota("team") + ", needs 2, 0 of 2 nvidia.com/gpu free");
    kubectl.run(
        "patch",
        "evq",
        quota("team"),
        "--type=merge",
        "-p",
        "{\"spec\":{\"hard\":{\"nvidia.com/gpu\":4}}}");
    kubectl.run("wait", "-n", namespace(), "--for=condition=Finished", "ej/two", "--timeout=60s");
    assertThat(
            kubectl.run(
                "get",
                "ej/two",
                "-n",
                namespace(),
                "-o",
                "jsonpath={.status.conditions[?(@.type=='QuotaReserved')].reason}"))
        .isEqualTo("Released");
    kubectl.run("delete", "ej", "one", "-n", namespace());
    awaitQuota("team", status -> status.reservations().isEmpty());
  }
}
