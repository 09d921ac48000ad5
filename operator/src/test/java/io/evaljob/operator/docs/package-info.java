/** Documents that are made from the code, and the check that the committed ones are current. */
package io.evaljob.operator.docs;
