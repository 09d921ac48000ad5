/** Whole runs through the whole operator, on whatever cluster a subclass brings. */
package io.evaljob.operator.scenario;
