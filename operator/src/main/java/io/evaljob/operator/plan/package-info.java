/**
 * Pure planning: accelerators, processes x devices, memory fit and the exact min-max split, as a
 * total function that answers every input with a plan or with typed refusals.
 */
package io.evaljob.operator.plan;
