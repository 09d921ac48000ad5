/** What the author of an EvalJob cannot get through it, tried on a real API server. */
package io.evaljob.operator.testbed.rights;
