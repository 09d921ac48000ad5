package io.evaljob.operator.testbed;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The tests of this class run on a real Kubernetes API server, which they get as a parameter of
 * type {@link ControlPlane}. It is started once a test run and shared by all classes, so each test
 * makes a namespace of its own.
 *
 * <p>Where no control plane is to be had the class is skipped with one line that says how to get
 * one; with {@code EVALJOB_TESTBED=required} it fails instead.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Tag("real-cluster")
@ExtendWith(RealClusterExtension.class)
public @interface RealCluster {

  /**
   * Whether the tests need a control plane of their own making: its audit log, its processes, its
   * nodes. Such a class is skipped on a cluster that was given.
   */
  boolean ours() default false;
}
