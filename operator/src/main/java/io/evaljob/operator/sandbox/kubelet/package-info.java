/** Runs the containers of pods as process trees of this machine. */
package io.evaljob.operator.sandbox.kubelet;
