/**
 * How a status is written: conditions merged, messages bounded, equal statuses told from different
 * ones.
 */
package io.evaljob.operator.status;
