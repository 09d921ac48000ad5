package io.evaljob.operator.report;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.Map;

/**
 * One answer.
 *
 * @param status HTTP status code
 * @param contentType media type of the body
 * @param body short: it must fit a socket's send buffer, except for metrics
 * @param headers further headers
 */
record HttpAnswer(int status, String contentType, String body, Map<String, String> headers) {
  private static final String JSON = "application/json";

  static HttpAnswer text(int status, String contentType, String text) {
    return new HttpAnswer(status, contentType, text, Map.of());
  }

  static HttpAnswer json(int status, String field, boolean value) {
    return text(status, JSON, JsonNodeFactory.instance.objectNode().put(field, value).toString());
  }

  /** A refusal that says why; the text is one sentence that starts with what was wrong. */
  static HttpAnswer error(int status, String why) {
    return text(status, JSON, JsonNodeFactory.instance.objectNode().put("error", why).toString());
  }

  /** A refusal that is worth another try after some seconds. */
  static HttpAnswer retry(int status, int seconds, String why) {
    return error(status, why).with("Retry-After", Integer.toString(seconds));
  }

  /** The same answer with one header more. */
  HttpAnswer with(String header, String value) {
    return new HttpAnswer(status, contentType, body, Map.of(header, value));
  }
}
