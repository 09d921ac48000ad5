package io.evaljob.operator.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;

/** What the API server stores, read and written behind its back: thousands of objects a second. */
final class Etcd {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** etcd's own limit on the operations of one transaction. */
  private static final int MOST_PUTS = 128;

  private final HttpClient http = HttpClient.newHttpClient();
  private final URI endpoint;

  Etcd(URI endpoint) {
    this.endpoint = endpoint;
  }

  /** What is stored under the keys that begin so, in the order of the keys. */
  Map<String, byte[]> read(String prefix) throws IOException, InterruptedException {
    byte[] end = prefix.getBytes(UTF_8);
    end[end.length - 1]++;
    ObjectNode range = JSON.createObjectNode();
    range.put("key", prefix.getBytes(UTF_8)).put("range_end", end);
    Map<String, byte[]> found = new LinkedHashMap<>();
    for (JsonNode pair : post("/v3/kv/range", range).path("kvs")) {
      found.put(
          new String(Base64.getDecoder().decode(pair.path("key").asText()), UTF_8),
          Base64.getDecoder().decode(pair.path("value").asText()));
    }
    return found;
  }

  /** Stores all of them. */
  void write(Map<String, byte[]> objects) throws IOException, InterruptedException {
    ObjectNode transaction = JSON.createObjectNode();
    ArrayNode puts = transaction.putArray("success");
    for (Map.Entry<String, byte[]> object : objects.entrySet()) {
      puts.addObject()
          .putObject("request_put")
          .put("key", object.getKey().getBytes(UTF_8))
          .put("value", object.getValue());
      if (puts.size() == MOST_PUTS) {
        post("/v3/kv/txn", transaction);
        puts.removeAll();
      }
    }
    if (!puts.isEmpty()) {
      post("/v3/kv/txn", transaction);
    }
  }

  private JsonNode post(String path, ObjectNode body) throws IOException, InterruptedException {
    HttpResponse<String> answer =
        http.send(
            HttpRequest.newBuilder(endpoint.resolve(path))
                .POST(HttpRequest.BodyPublishers.ofString(body.toString()))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() != 200) {
      throw new IOException("etcd answers " + answer.statusCode() + ": " + answer.body());
    }
    return JSON.readTree(answer.body());
  }
}
