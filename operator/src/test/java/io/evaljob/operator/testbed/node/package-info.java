/** A node of a real cluster that runs containers as processes of this machine. */
package io.evaljob.operator.testbed.node;
