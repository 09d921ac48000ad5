/** Desired state, pure: an EvalJob and its plan in, the Kubernetes objects that carry it out. */
package io.evaljob.operator.resources;
