/**
 * Reads what a plan needs to know of a model from its {@code config.json} and the headers of its
 * safetensors files, and never a weight.
 */
package io.evaljob.operator.profile;
