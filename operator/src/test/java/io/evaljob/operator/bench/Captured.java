package io.evaljob.operator.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.client.KubernetesClient;

/**
 * One write of the operator for one EvalJob, to be made again for another.
 *
 * @param method of the request
 * @param path of the request
 * @param body of the request
 */
record Captured(String method, String path, String body) {

  private static final ObjectMapper JSON = new ObjectMapper();

  boolean makesJob() {
    return method.equals("POST") && path.endsWith("/jobs");
  }

  boolean isStatus() {
    return path.endsWith("/status");
  }

  boolean isEvent() {
    return path.endsWith("/events");
  }

  /** Where a name or UID of the captured EvalJob stands, that of another. */
  Captured with(Identity was, Identity now) {
    return new Captured(method, was.replace(path, now), was.replace(body, now));
  }

  /**
   * Makes the request.
   *
   * @param version the version over which a status is written
   * @return the version of what is stored now
   */
  String send(KubernetesClient client, String version) {
    String answer =
        client.raw(
            path,
            method,
            isStatus()
                ? body.replaceFirst(
                    "\"resourceVersion\":\"[0-9]+\"", "\"resourceVersion\":\"" + version + "\"")
                : body);
    return isStatus() ? version(answer) : version;
  }

  private static String version(String object) {
    try {
      JsonNode tree = JSON.readTree(object);
      return tree.path("metadata").path("resourceVersion").asText();
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * What tells one EvalJob from another in its objects.
   *
   * @param namespace its namespace
   * @param name its name
   * @param uid its UID
   */
  record Identity(String namespace, String name, String uid) {
    private String replace(String text, Identity now) {
      return text.replace(uid, now.uid)
          .replace(name, now.name)
          .replace("/namespaces/" + namespace + "/", "/namespaces/" + now.namespace + "/")
          .replace(
              "\"namespace\":\"" + namespace + "\"", "\"namespace\":\"" + now.namespace + "\"");
    }
  }
}
