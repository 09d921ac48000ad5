/**
 * The API server of one machine: fabric8's CRUD server, made durable, with admission and tokens.
 */
package io.evaljob.operator.sandbox.apiserver;
