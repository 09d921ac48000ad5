/** A spec becomes a plan for every model, or all of its violations with their field paths. */
package io.evaljob.operator.validate;
