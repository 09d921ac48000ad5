package io.evaljob.operator.testbed.admission;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.List;
import java.util.Locale;

/**
 * What the API server says to an object, with strict field validation.
 *
 * @param object the object as the server has it: with defaults; empty when it was refused
 * @param message why it was refused; empty when it was not
 * @param causes each reason by itself, {@code FIELD: REASON}
 */
record Admitted(ObjectNode object, String message, List<String> causes) {

  static final ObjectMapper JSON = new ObjectMapper();

  boolean accepted() {
    return message.isEmpty();
  }

  /** Asks, and stores nothing. */
  static Admitted dryCreate(KubernetesClient client, String namespace, JsonNode object) {
    return send(client, "POST", path(namespace, object), "dryRun=All", object);
  }

  /** Stores it. */
  static Admitted create(KubernetesClient client, String namespace, JsonNode object) {
    return send(client, "POST", path(namespace, object), "", object);
  }

  /**
   * Replaces the stored object of that name.
   *
   * @param part {@code ""}, or {@code "/status"}
   */
  static Admitted update(
      KubernetesClient client, String namespace, JsonNode object, String part, boolean dry) {
    return send(
        client,
        "PUT",
        path(namespace, object) + "/" + object.at("/metadata/name").asText() + part,
        dry ? "dryRun=All" : "",
        object);
  }

  private static String path(String namespace, JsonNode object) {
    String kind = object.path("kind").asText();
    String plural = kind.toLowerCase(Locale.ROOT) + "s";
    return "/apis/evaljob.io/v1alpha1/"
        + (kind.equals("EvalRuntime") || kind.equals("EvalQuota")
            ? ""
            : "namespaces/" + namespace + "/")
        + plural;
  }

  private static Admitted send(
      KubernetesClient client, String method, String path, String query, JsonNode object) {
    String uri = path + "?fieldValidation=Strict" + (query.isEmpty() ? "" : "&" + query);
    try {
      String answer = client.raw(uri, method, object);
      return new Admitted((ObjectNode) JSON.readTree(answer), "", List.of());
    } catch (KubernetesClientException e) {
      if (e.getStatus() == null || e.getStatus().getMessage() == null) {
        throw e;
      }
      List<String> causes =
          e.getStatus().getDetails() == null || e.getStatus().getDetails().getCauses() == null
              ? List.of()
              : e.getStatus().getDetails().getCauses().stream()
                  .map(cause -> cause.getField() + ": " + cause.getMessage())
                  .toList();
      return new Admitted(JSON.createObjectNode(), e.getStatus().getMessage(), causes);
    } catch (JsonProcessingException e) {
      throw new AssertionError("the API server did not answer in JSON", e);
    }
  }
}
