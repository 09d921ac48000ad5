package io.evaljob.operator.scenario;

import io.evaljob.operator.testbed.ControlPlane;
import io.evaljob.operator.testbed.RealCluster;

@RealCluster
class RealWaitingTest extends WaitingScenarios {

  private final ControlPlane plane;

  RealWaitingTest(ControlPlane plane) {
    this.plane = plane;
  }

  @Override
  TestCluster newCluster() {
    return new RealServerCluster(plane);
  }
}
