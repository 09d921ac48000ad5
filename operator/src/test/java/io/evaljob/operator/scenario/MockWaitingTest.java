package io.evaljob.operator.scenario;

/** Waits on the mock server, with an actor for the children. */
class MockWaitingTest extends WaitingScenarios {

  @Override
  TestCluster newCluster() {
    return new MockCluster();
  }
}
