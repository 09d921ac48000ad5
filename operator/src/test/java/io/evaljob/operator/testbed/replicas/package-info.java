/** Two replicas of the operator, as they are shipped, on a real control plane. */
package io.evaljob.operator.testbed.replicas;
