/** The EvalJob API, group {@code evaljob.io}, version {@code v1alpha1}, as Java types. */
package io.evaljob.api.v1alpha1;
