package io.evaljob.operator.scenario;

import io.evaljob.operator.testbed.ControlPlane;
import io.evaljob.operator.testbed.RealCluster;

@RealCluster
class RealRecoveryTest extends RecoveryScenarios {

  private final ControlPlane plane;

  RealRecoveryTest(ControlPlane plane) {
    this.plane = plane;
  }

  @Override
  TestCluster newCluster() {
    return new RealServerCluster(plane);
  }
}
