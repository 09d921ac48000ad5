/** The command line: every way to start the operator or to ask it something offline. */
package io.evaljob.operator.cli;
