package io.evaljob.operator.sandbox.apiserver;

import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.api.model.StatusBuilder;
import io.fabric8.kubernetes.api.model.StatusCause;
import io.fabric8.kubernetes.api.model.StatusCauseBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.fabric8.mockwebserver.http.MockResponse;
import io.fabric8.mockwebserver.http.RecordedRequest;
import java.util.List;

/** Answers as Kubernetes gives them. */
final class Answers {

  private Answers() {}

  /** An object, list or review as JSON. */
  static MockResponse json(int code, String body) {
    return new MockResponse()
        .setResponseCode(code)
        .setHeader("Content-Type", "application/json")
        .setBody(body);
  }

  /** A failure without further causes. */
  static MockResponse failure(int code, String reason, String message) {
    return failure(code, reason, message, List.of());
  }

  /** A failure with its causes, one sentence each. */
  static MockResponse failure(int code, String reason, String message, List<String> causes) {
    List<StatusCause> details =
        causes.stream().map(cause -> new StatusCauseBuilder().withMessage(cause).build()).toList();
    return json(
        code,
        Serialization.asJson(
            new StatusBuilder()
                .withStatus("Failure")
                .withCode(code)
                .withReason(reason)
                .withMessage(message)
                .withNewDetails()
                .withCauses(details)
                .endDetails()
                .build()));
  }

  /** Gives failures the reason that Kubernetes gives them; the mock server says Invalid to all. */
  static MockResponse withReason(MockResponse response, RecordedRequest request) {
    if (response.code() == 404) {
      return failure(404, "NotFound", request.getPath() + " not found");
    }
    if (response.code() == 409) {
      String body = response.getBody() == null ? "" : response.getBody().readUtf8();
      String message = Serialization.unmarshal(body, Status.class).getMessage();
      boolean exists = message != null && message.endsWith("already exists");
      return failure(409, exists ? "AlreadyExists" : "Conflict", message);
    }
    return response;
  }
}
