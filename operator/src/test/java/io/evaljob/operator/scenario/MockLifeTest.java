package io.evaljob.operator.scenario;

/** Lives on the mock server, with an actor for the children. */
class MockLifeTest extends LifeScenarios {

  @Override
  TestCluster newCluster() {
    return new MockCluster();
  }
}
