package io.evaljob.operator.scenario;

/** The scenarios on the mock server, with an actor for the children. */
class MockScenarioTest extends ScenarioSuite {

  @Override
  TestCluster newCluster() {
    return new MockCluster();
  }
}
