package io.evaljob.operator.scenario;

/** Restarts on the mock server, with an actor for the children. */
class MockRecoveryTest extends RecoveryScenarios {

  @Override
  TestCluster newCluster() {
    return new MockCluster();
  }
}
