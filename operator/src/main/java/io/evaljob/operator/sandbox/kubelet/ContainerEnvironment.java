package io.evaljob.operator.sandbox.kubelet;

import io.evaljob.operator.sandbox.controller.PodInputs;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarSource;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The variables of a container's process. */
final class ContainerEnvironment {

  /** What a container image would bring or a node would configure; the rest stays outside. */
  private static final Set<String> INHERITED =
      Set.of(
          "PATH",
          "HOME",
          "USER",
          "LOGNAME",
          "LANG",
          "TZ",
          "LD_LIBRARY_PATH",
          "DYLD_LIBRARY_PATH",
          "CUDA_HOME",
          "CUDA_PATH",
          "ROCM_PATH",
          "ASCEND_HOME_PATH",
          "HTTP_PROXY",
          "HTTPS_PROXY",
          "NO_PROXY",
          "http_proxy",
          "https_proxy",
          "no_proxy",
          "SSL_CERT_FILE",
          "SSL_CERT_DIR",
          "REQUESTS_CA_BUNDLE",
          "CURL_CA_BUNDLE",
          "HF_ENDPOINT");

  private static final Pattern REFERENCE = Pattern.compile("\\$(\\$|\\(([^)]*)\\))");
  private static final Pattern MAP_FIELD =
      Pattern.compile("metadata\\.(labels|annotations)\\['(.*)'\\]");

  private final Node node;
  private final PodGrant grant;

  /** Builds the variables of a pod that was given {@code grant} on {@code node}. */
  ContainerEnvironment(Node node, PodGrant grant) {
    this.node = node;
    this.grant = grant;
  }

  /** The variables that every local process may have. */
  Map<String, String> inherited() {
    Map<String, String> variables = new LinkedHashMap<>();
    node.hostVariables()
        .forEach(
            (name, value) -> {
              if (INHERITED.contains(name) || name.startsWith("LC_")) {
                variables.put(name, value);
              }
            });
    return variables;
  }

  /**
   * The container's variables, paths rewritten, with the pod's devices by value: this machine
   * isolates nobody, so logical numbers would name the wrong devices.
   *
   * @throws ConfigProblem when a Secret or ConfigMap or its key is missing
   */
  Map<String, String> of(Pod pod, Container container, PathMapping paths) throws ConfigProblem {
    Map<String, String> own = new LinkedHashMap<>();
    for (EnvVar variable : container.getEnv()) {
      Optional<String> value = value(variable, pod, own);
      if (value.isPresent()) {
        own.put(variable.getName(), value.get());
      }
    }
    Map<String, String> all = inherited();
    all.putAll(node.podVariables());
    own.forEach((name, value) -> all.put(name, paths.rewrite(value)));
    all.put(node.processVariable(), String.join(",", grant.devices()));
    return all;
  }

  /** Replaces {@code $(NAME)} by the variable's value and {@code $$} by {@code $}. */
  static String expand(String text, Function<String, Optional<String>> variables) {
    Matcher matcher = REFERENCE.matcher(text);
    StringBuilder result = new StringBuilder();
    while (matcher.find()) {
      String replacement =
          matcher.group(1).equals("$")
              ? "$"
              : variables.apply(matcher.group(2)).orElse(matcher.group());
      matcher.appendReplacement(result, Matcher.quoteReplacement(replacement));
    }
    return matcher.appendTail(result).toString();
  }

  private Optional<String> value(EnvVar variable, Pod pod, Map<String, String> earlier)
      throws ConfigProblem {
    PodInputs inputs = node.inputs();
    EnvVarSource source = variable.getValueFrom();
    if (source == null) {
      String literal = variable.getValue() == null ? "" : variable.getValue();
      return Optional.of(expand(literal, name -> Optional.ofNullable(earlier.get(name))));
    }
    String namespace = pod.getMetadata().getNamespace();
    if (source.getFieldRef() != null) {
      return Optional.of(field(pod, grant, source.getFieldRef().getFieldPath()));
    }
    if (source.getSecretKeyRef() != null) {
      String name = source.getSecretKeyRef().getName();
      String key = source.getSecretKeyRef().getKey();
      Optional<String> value =
          inputs.secret(namespace, name).flatMap(secret -> secretValue(secret, key));
      return required(
          value,
          source.getSecretKeyRef().getOptional(),
          "secret",
          name,
          key,
          inputs.secret(namespace, name).isPresent());
    }
    if (source.getConfigMapKeyRef() != null) {
      String name = source.getConfigMapKeyRef().getName();
      String key = source.getConfigMapKeyRef().getKey();
      Optional<ConfigMap> map = inputs.configMap(namespace, name);
      Optional<String> value = map.map(ConfigMap::getData).map(data -> data.get(key));
      return required(
          value,
          source.getConfigMapKeyRef().getOptional(),
          "configmap",
          name,
          key,
          map.isPresent());
    }
    return Optional.empty();
  }

  private static Optional<String> required(
      Optional<String> value, Boolean optional, String kind, String name, String key, boolean found)
      throws ConfigProblem {
    if (value.isEmpty() && !Boolean.TRUE.equals(optional)) {
      throw new ConfigProblem(
          found
              ? "couldn't find key " + key + " in " + kind + " \"" + name + "\""
              : kind + " \"" + name + "\" not found");
    }
    return value;
  }

  private static Optional<String> secretValue(Secret secret, String key) {
    if (secret.getStringData() != null && secret.getStringData().containsKey(key)) {
      return Optional.of(secret.getStringData().get(key));
    }
    return Optional.ofNullable(secret.getData() == null ? null : secret.getData().get(key))
        .map(text -> new String(Base64.getDecoder().decode(text), StandardCharsets.UTF_8));
  }

  /**
   * One field of a pod as text.
   *
   * @throws ConfigProblem when the field is none that a pod may ask for
   */
  static String field(Pod pod, PodGrant grant, String path) throws ConfigProblem {
    Matcher entry = MAP_FIELD.matcher(path);
    if (entry.matches()) {
      return entries(pod, entry.group(1)).getOrDefault(entry.group(2), "");
    }
    return switch (path) {
      case "metadata.name" -> pod.getMetadata().getName();
      case "metadata.namespace" -> pod.getMetadata().getNamespace();
      case "metadata.uid" -> pod.getMetadata().getUid();
      case "metadata.labels", "metadata.annotations" -> lines(pod, path);
      case "spec.nodeName" -> pod.getSpec().getNodeName();
      case "spec.serviceAccountName" -> serviceAccount(pod);
      case "status.podIP", "status.podIPs" -> grant.address();
      case "status.hostIP", "status.hostIPs" -> "127.0.0.1";
      default -> throw new ConfigProblem("fieldRef " + path + " is not known on one machine");
    };
  }

  private static Map<String, String> entries(Pod pod, String kind) {
    Map<String, String> values =
        kind.equals("labels") ? pod.getMetadata().getLabels() : pod.getMetadata().getAnnotations();
    return values == null ? Map.of() : values;
  }

  /** As a downwardAPI volume writes a map: sorted lines of {@code key="value"}. */
  private static String lines(Pod pod, String path) {
    return entries(pod, path.substring("metadata.".length())).entrySet().stream()
        .map(
            entry ->
                entry.getKey()
                    + "=\""
                    + entry.getValue().replace("\\", "\\\\").replace("\"", "\\\"")
                    + "\"")
        .sorted()
        .collect(Collectors.joining("\n"));
  }

  static String serviceAccount(Pod pod) {
    String name = pod.getSpec().getServiceAccountName();
    return name == null || name.isEmpty() ? "default" : name;
  }
}
