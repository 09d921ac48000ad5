/** Pure ledger of devices: charges, limits, and a deterministic order of admission. */
package io.evaljob.operator.quota;
