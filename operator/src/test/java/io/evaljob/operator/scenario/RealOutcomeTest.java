package io.evaljob.operator.scenario;

import io.evaljob.operator.testbed.ControlPlane;
import io.evaljob.operator.testbed.RealCluster;

@RealCluster
class RealOutcomeTest extends OutcomeScenarios {

  private final ControlPlane plane;

  RealOutcomeTest(ControlPlane plane) {
    this.plane = plane;
  }

  @Override
  TestCluster newCluster() {
    return new RealServerCluster(plane);
  }
}
