/** The operator's settings, read once from the environment and checked before anything starts. */
package io.evaljob.operator.config;
