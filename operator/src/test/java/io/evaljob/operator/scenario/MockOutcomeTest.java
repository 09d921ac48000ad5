package io.evaljob.operator.scenario;

/** Outcomes on the mock server, with an actor for the children. */
class MockOutcomeTest extends OutcomeScenarios {

  @Override
  TestCluster newCluster() {
    return new MockCluster();
  }
}
