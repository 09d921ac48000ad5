/** A real Kubernetes control plane on loopback, for tests that no imitation can answer. */
package io.evaljob.operator.testbed;
