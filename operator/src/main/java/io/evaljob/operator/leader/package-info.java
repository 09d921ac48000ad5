/** Which of several replicas writes: the election on a Lease, and the fence before every write. */
package io.evaljob.operator.leader;
