package io.evaljob.operator.scenario;

/** Queues on the mock server, with actors for Kueue and for the children. */
class MockKueueTest extends KueueScenarios {

  @Override
  TestCluster newCluster() {
    return new MockCluster();
  }
}
