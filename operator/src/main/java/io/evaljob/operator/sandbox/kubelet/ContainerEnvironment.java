package io.evaljob.operator.sandbox.kubelet;

import io.evaljob.operator.sandbox.controller.ClusterView;
import io.evaljob.operator.sandbox.controller.Pods;
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

  private final Map<String, String> host;
  private final String processVariable;

  /**
   * Builds environments on this machine.
   *
   * @param host this machine's variables, of which few are passed on
   * @param processVariable variable that names a process's devices
   */
  ContainerEnvironment(Map<String, String> host, String processVariable) {
    this.host = Map.copyOf(host);
    this.processVariable = processVariable;
  }

  /** The variables that every local process may have. */
  Map<String, String> inherited() {
    Map<String, String> variables = new LinkedHashMap<>();
    host.forEach(
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
  Map<String, String> of(Pod pod, Container container, ClusterView view, PathMapping paths)
      throws ConfigProblem {
    Map<String, String> own = new LinkedHashMap<>();
    for (EnvVar variable : container.getEnv()) {
      Optional<String> value = value(variable, pod, view, own);
      if (value.isPresent()) {
        own.put(variable.getName(), value.get());
      }
    }
    Map<String, String> all = inherited();
    own.forEach((name, value) -> all.put(name, paths.rewrite(value)));
    all.put(processVariable, String.join(",", Pods.devices(pod)));
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

  private static Optional<String> value(
      EnvVar variable, Pod pod, ClusterView view, Map<String, String> earlier)
      throws ConfigProblem {
    EnvVarSource source = variable.getValueFrom();
    if (source == null) {
      String literal = variable.getValue() == null ? "" : variable.getValue();
      return Optional.of(expand(literal, name -> Optional.ofNullable(earlier.get(name))));
    }
    String namespace = pod.getMetadata().getNamespace();
    if (source.getFieldRef() != null) {
      return Optional.of(field(pod, source.getFieldRef().getFieldPath()));
    }
    if (source.getSecretKeyRef() != null) {
      String name = source.getSecretKeyRef().getName();
      String key = source.getSecretKeyRef().getKey();
      Optional<String> value =
          view.secret(namespace, name).flatMap(secret -> secretValue(secret, key));
      return required(
          value,
          source.getSecretKeyRef().getOptional(),
          "secret",
          name,
          key,
          view.secret(namespace, name).isPresent());
    }
    if (source.getConfigMapKeyRef() != null) {
      String name = source.getConfigMapKeyRef().getName();
      String key = source.getConfigMapKeyRef().getKey();
      Optional<ConfigMap> map = view.configMap(namespace, name);
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

  private static String field(Pod pod, String path) throws ConfigProblem {
    Matcher entry = MAP_FIELD.matcher(path);
    if (entry.matches()) {
      Map<String, String> values =
          entry.group(1).equals("labels")
              ? pod.getMetadata().getLabels()
              : pod.getMetadata().getAnnotations();
      return values == null ? "" : values.getOrDefault(entry.group(2), "");
    }
    return switch (path) {
      case "metadata.name" -> pod.getMetadata().getName();
      case "metadata.namespace" -> pod.getMetadata().getNamespace();
      case "metadata.uid" -> pod.getMetadata().getUid();
      case "spec.nodeName" -> pod.getSpec().getNodeName();
      case "spec.serviceAccountName" -> serviceAccount(pod);
      case "status.podIP", "status.hostIP" -> "127.0.0.1";
      default -> throw new ConfigProblem("fieldRef " + path + " is not known on one machine");
    };
  }

  static String serviceAccount(Pod pod) {
    String name = pod.getSpec().getServiceAccountName();
    return name == null || name.isEmpty() ? "default" : name;
  }
}
