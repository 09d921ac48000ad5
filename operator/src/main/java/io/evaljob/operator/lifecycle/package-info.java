/** What to do next: a pure decision over one snapshot, with one small file a policy. */
package io.evaljob.operator.lifecycle;
