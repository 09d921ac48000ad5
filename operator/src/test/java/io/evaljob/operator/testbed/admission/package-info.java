/** What a real API server admits and refuses of the API, and what it makes of it. */
package io.evaljob.operator.testbed.admission;
