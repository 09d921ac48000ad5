package io.evaljob.operator.sandbox.apiserver;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The address of one object in the API server.
 *
 * @param group API group, empty for the core group
 * @param version API version, such as {@code v1}
 * @param plural resource name, such as {@code pods}
 * @param namespace namespace, empty for objects of the cluster
 * @param name object name
 */
public record ObjectPath(
    String group, String version, String plural, String namespace, String name) {

  private static final Pattern URL =
      Pattern.compile(
          "/(?:api|apis/(?<group>[^/]+))/(?<version>[^/]+)"
              + "(?:/namespaces/(?<namespace>[^/]+)(?=/[^/]))?"
              + "/(?<plural>[^/]+)(?:/(?<name>[^/]+))?(?:/(?<sub>[^/]+))?");

  /** Path of the object's own URL, such as {@code /api/v1/namespaces/default/pods/x}. */
  public String url() {
    return collectionUrl() + "/" + name;
  }

  /** Path of the URL that lists the objects beside this one. */
  public String collectionUrl() {
    String root = group.isEmpty() ? "/api/" + version : "/apis/" + group + "/" + version;
    return root + (namespace.isEmpty() ? "" : "/namespaces/" + namespace) + "/" + plural;
  }

  /** True for objects of the core group with this resource name. */
  public boolean isCore(String resource) {
    return group.isEmpty() && plural.equals(resource);
  }

  /** True for objects of {@code apiGroup} with this resource name. */
  public boolean is(String apiGroup, String resource) {
    return group.equals(apiGroup) && plural.equals(resource);
  }

  /** The path part of a request's target, without its query. */
  static String withoutQuery(String target) {
    int query = target.indexOf('?');
    return query < 0 ? target : target.substring(0, query);
  }

  /**
   * Completes a request's URL, which may name a collection or a subresource, from the object.
   *
   * @throws IllegalArgumentException when the URL names no resource
   */
  static ObjectPath of(String target, JsonNode object) {
    ObjectPath url =
        parse(target)
            .orElseThrow(() -> new IllegalArgumentException(target + " names no resource"));
    JsonNode metadata = object.path("metadata");
    return new ObjectPath(
        url.group,
        url.version,
        url.plural,
        metadata.path("namespace").asText(url.namespace),
        metadata.path("name").asText(url.name));
  }

  /** Reads the URL of an object, a subresource or a collection (then the name is empty). */
  static Optional<ObjectPath> parse(String target) {
    Matcher matcher = URL.matcher(withoutQuery(target));
    if (!matcher.matches()) {
      return Optional.empty();
    }
    return Optional.of(
        new ObjectPath(
            orEmpty(matcher.group("group")),
            matcher.group("version"),
            matcher.group("plural"),
            orEmpty(matcher.group("namespace")),
            orEmpty(matcher.group("name"))));
  }

  private static String orEmpty(String value) {
    return value == null ? "" : value;
  }
}
