package io.evaljob.operator.report;

import java.net.InetAddress;
import java.util.Map;
import java.util.Optional;

/**
 * One request, read whole.
 *
 * @param method as sent, e.g. {@code POST}
 * @param path without the query
 * @param headers by lower-case name
 * @param body never longer than the limit it was read with
 * @param from address of the client
 */
record HttpRequest(
    String method, String path, Map<String, String> headers, String body, InetAddress from) {

  Optional<String> header(String lowerCaseName) {
    return Optional.ofNullable(headers.get(lowerCaseName));
  }
}
