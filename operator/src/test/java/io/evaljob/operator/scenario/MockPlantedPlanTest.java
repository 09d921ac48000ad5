package io.evaljob.operator.scenario;

/** Planted plans on the mock server, with an actor for the children. */
class MockPlantedPlanTest extends PlantedPlanScenarios {

  @Override
  TestCluster newCluster() {
    return new MockCluster();
  }
}
