/**
 * One machine as a cluster in one process: an API server kept on disk, the few controllers a Job
 * needs, and a kubelet that runs containers as local processes.
 */
package io.evaljob.operator.sandbox;
