/** HTTP: reports of pods over TLS with pod-bound tokens, probes and metrics. */
package io.evaljob.operator.report;
