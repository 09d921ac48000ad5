/**
 * What happened to the children: Jobs, pods, their events and reports, read into one observation a
 * model.
 */
package io.evaljob.operator.observe;
