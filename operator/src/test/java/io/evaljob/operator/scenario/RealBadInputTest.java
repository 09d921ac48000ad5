package io.evaljob.operator.scenario;

import io.evaljob.operator.testbed.ControlPlane;
import io.evaljob.operator.testbed.RealCluster;

@RealCluster
class RealBadInputTest extends BadInputScenarios {

  private final ControlPlane plane;

  RealBadInputTest(ControlPlane plane) {
    this.plane = plane;
  }

  @Override
  TestCluster newCluster() {
    return new RealServerCluster(plane);
  }
}
