package io.evaljob.operator.scenario;

/** Bad input on the mock server. */
class MockBadInputTest extends BadInputScenarios {

  @Override
  TestCluster newCluster() {
    return new MockCluster();
  }
}
