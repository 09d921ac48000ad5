package io.evaljob.operator.scenario;

import io.evaljob.operator.testbed.ControlPlane;
import io.evaljob.operator.testbed.RealCluster;

@RealCluster
class RealPlantedPlanTest extends PlantedPlanScenarios {

  private final ControlPlane plane;

  RealPlantedPlanTest(ControlPlane plane) {
    this.plane = plane;
  }

  @Override
  TestCluster newCluster() {
    return new RealServerCluster(plane);
  }
}
