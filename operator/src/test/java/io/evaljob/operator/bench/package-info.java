/** Measures the operator against a real control plane; run by {@code operator/bench/run}. */
package io.evaljob.operator.bench;
