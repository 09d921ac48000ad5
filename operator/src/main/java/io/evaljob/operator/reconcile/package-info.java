/**
 * The only traffic with the API server: event sources, the reconcilers, the executor of decisions
 * and the status writer.
 */
package io.evaljob.operator.reconcile;
