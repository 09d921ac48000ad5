/**
 * Makes the custom resource definitions from the API types, and holds the committed ones to them.
 */
package io.evaljob.api.schema;
