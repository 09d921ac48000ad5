package io.evaljob.operator.schema;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * One object of a file.
 *
 * @param source file as the user named it, or a name for a stream
 * @param file the file, empty for a stream; paths in a manifest are relative to its folder
 * @param object the object; changes of it are seen by all who share it
 * @param positions place of every value, by JSON pointer
 */
public record Manifest(
    String source, Optional<Path> file, ObjectNode object, Map<String, Position> positions) {

  /** The kind, empty when the object names none. */
  public String kind() {
    return object.path("kind").asText("");
  }

  /** The API version, empty when the object names none. */
  public String apiVersion() {
    return object.path("apiVersion").asText("");
  }

  /** The name, empty when the object has none. */
  public String name() {
    return object.path("metadata").path("name").asText("");
  }

  /** The namespace, empty when the object names none. */
  public String namespace() {
    return object.path("metadata").path("namespace").asText("");
  }

  /**
   * The place of a value, or of the nearest one above it that is in the file.
   *
   * @param pointer JSON pointer, for example {@code /spec/models/0/name}
   */
  public Position position(String pointer) {
    String at = pointer;
    while (!positions.containsKey(at) && !at.isEmpty()) {
      at = at.substring(0, at.lastIndexOf('/'));
    }
    return positions.getOrDefault(at, Position.UNKNOWN);
  }
}
