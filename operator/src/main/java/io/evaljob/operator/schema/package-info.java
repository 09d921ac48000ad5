/**
 * Reads manifests and holds them to the schemas of the API without a cluster: every mistake at
 * once, with its line, its field and what to do.
 */
package io.evaljob.operator.schema;
