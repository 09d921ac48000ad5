package io.evaljob.operator.scenario;

/** Quotas on the mock server, with an actor for the children. */
class MockQuotaTest extends QuotaScenarios {

  @Override
  TestCluster newCluster() {
    return new MockCluster();
  }
}
