package io.evaljob.operator.sandbox.apiserver;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;

/**
 * One stored change, told in the order of storing.
 *
 * @param path the object's address
 * @param after the object as stored; empty when it was removed
 */
public record ObjectChange(ObjectPath path, Optional<JsonNode> after) {}
