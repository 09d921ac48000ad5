package io.evaljob.operator.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evaljob.operator.lifecycle.LifecycleSettings;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What one EvalJob asks of the API server, with the limits that clusters have. */
class MockRequestsTest extends ScenarioBase {

  @Override
  TestCluster newCluster() {
    return new MockCluster();
  }

  @Override
  LifecycleSettings limits() {
    return LifecycleSettings.DEFAULT;
  }

  @Test
  void aRunOfThreeStagesWritesItsChildrenAndTheStatesBetween() {
    givenRuntime();
    whenJobs((model, stage, attempt) -> succeeds(model));
    RequestTap tap = startOperator();
    apply(job("first", "base"));
    awaitPhase("first", "Succeeded");
    await().untilAsserted(() -> Outcomes.assertEventsOfWholeRun(eventReasons("first")));
    int before = tap.requests().size();

    apply(job("second", "base"));
    awaitPhase("second", "Succeeded");
    await().untilAsserted(() -> Outcomes.assertEventsOfWholeRun(eventReasons("second")));

    List<String> requests = tap.requests().subList(before, tap.requests().size());
    assertThat(requests)
        .filteredOn(request -> !request.endsWith("/events") && !request.endsWith("/status"))
        .as("children: the runner is there already")
        .allMatch(request -> request.startsWith("POST "))
        .hasSize(6);
    // Begun, three stages entered, devices held, progress told, scores stored, finished.
    assertThat(requests).filteredOn(write -> write.endsWith("/status")).hasSizeBetween(6, 8);
  }
}
