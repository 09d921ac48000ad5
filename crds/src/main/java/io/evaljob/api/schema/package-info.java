/** Annotations on API types that become parts of the schema in the custom resource definitions. */
package io.evaljob.api.schema;
