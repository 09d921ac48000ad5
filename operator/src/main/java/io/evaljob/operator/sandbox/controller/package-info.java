/** The cluster's own controllers that an EvalJob needs: Jobs, devices, claims, garbage. */
package io.evaljob.operator.sandbox.controller;
