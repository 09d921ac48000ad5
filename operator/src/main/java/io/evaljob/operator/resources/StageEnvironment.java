package io.evaljob.operator.resources;

import io.evaljob.api.v1alpha1.EnvEntry;
import io.evaljob.api.v1alpha1.JudgeSpec;
import io.evaljob.api.v1alpha1.SecretKeyRef;
import io.evaljob.api.v1alpha1.Stage;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The environment of the evaluating container. The runtime's and the author's variables come first,
 * so that nothing of theirs replaces what the plan says.
 */
final class StageEnvironment {
  private final Map<String, EnvVar> variables = new LinkedHashMap<>();

  StageEnvironment(StageContext context) {
    set("HOME", ContainerPaths.TMP);
    set("TMPDIR", ContainerPaths.TMP);
    if (context.pod().caBundleConfigMapNameIfSet().isPresent()) {
      String bundle = ContainerPaths.CERTIFICATES + "/ca.crt";
      set("SSL_CERT_FILE", bundle);
      set("REQUESTS_CA_BUNDLE", bundle);
      set("CURL_CA_BUNDLE", bundle);
    }
    entries(context.pod().env());
    entries(context.spec().env());
    hubToken(context);
    judgeKey(context);
    contract(context);
    devices(context);
  }

  List<EnvVar> variables() {
    return new ArrayList<>(variables.values());
  }

  private void entries(List<EnvEntry> entries) {
    entries.forEach(entry -> set(entry.name(), literal(entry.valueOrDefault())));
  }

  /** Written so that a kubelet, which replaces {@code $(NAME)}, gives the text as it is. */
  private static String literal(String value) {
    return value.replace("$", "$$");
  }

  /** Prefetch alone talks to the hub; code of a model never sees the token. */
  private void hubToken(StageContext context) {
    if (context.stage() == Stage.Prefetch) {
      context.spec().hubTokenSecretRefIfSet().ifPresent(secret -> secret("HF_TOKEN", secret));
    }
  }

  /** The runner alone reads it, and gives the harness another one. */
  private void judgeKey(StageContext context) {
    if (context.stage() == Stage.Score) {
      context
          .spec()
          .judgeIfSet()
          .flatMap(JudgeSpec::apiKeySecretRefIfSet)
          .ifPresent(secret -> secret("EVALJOB_JUDGE_KEY", secret));
    }
  }

  private void secret(String name, SecretKeyRef secret) {
    put(
        new EnvVarBuilder()
            .withName(name)
            .withNewValueFrom()
            .withNewSecretKeyRef()
            .withName(secret.name())
            .withKey(secret.keyOrDefault())
            .endSecretKeyRef()
            .endValueFrom()
            .build());
  }

  private void contract(StageContext context) {
    set("EVALJOB_STAGE", context.stage().name());
    set("EVALJOB_ATTEMPT", Integer.toString(context.attempt()));
    set("EVALJOB_PLAN", ContainerPaths.PLAN + "/" + PlanConfigMap.PLAN);
    set("EVALJOB_PLAN_DIGEST", context.planDigest());
    if (context.mountsWorkspace()) {
      set("EVALJOB_WORKSPACE", ContainerPaths.WORKSPACE);
    }
    if (context.cache().isPresent()) {
      set("EVALJOB_CACHE", ContainerPaths.CACHE);
    }
    set("EVALJOB_VOLUMES", ContainerPaths.VOLUMES);
    set("EVALJOB_TMP", ContainerPaths.TMP);
    set("EVALJOB_TERMINATION_LOG", ContainerPaths.TERMINATION_LOG);
    set("EVALJOB_GRACE_SECONDS", Integer.toString(context.graceSeconds()));
    if (context.stage() == Stage.Infer) {
      set("EVALJOB_STALL_SECONDS", Integer.toString(context.spec().stallSecondsOrDefault()));
    }
    field("EVALJOB_POD_NAME", "metadata.name");
    field("EVALJOB_POD_UID", "metadata.uid");
    set("EVALJOB_REPORT_URL", context.settings().reportUrl());
    set("EVALJOB_REPORT_TOKEN_FILE", ContainerPaths.TOKEN + "/token");
    if (context.hasCertificates()) {
      set("EVALJOB_REPORT_CA_FILE", ContainerPaths.PLAN + "/" + PlanConfigMap.CERTIFICATES);
    }
  }

  /**
   * With devices: the process variable, and never the runtime's, which the device plugin sets.
   * Without: {@code void}, because images bake in {@code all} and would see every device of a node.
   */
  private void devices(StageContext context) {
    PlanDocument.Devices devices = context.plan().devices();
    Map<String, String> planned =
        context.devices() > 0 ? devices.containerEnvironment() : devices.helperEnvironment();
    new TreeMap<>(planned).forEach(this::set);
  }

  private void field(String name, String path) {
    put(
        new EnvVarBuilder()
            .withName(name)
            .withNewValueFrom()
            .withNewFieldRef()
            .withFieldPath(path)
            .endFieldRef()
            .endValueFrom()
            .build());
  }

  private void set(String name, String value) {
    put(new EnvVarBuilder().withName(name).withValue(value).build());
  }

  private void put(EnvVar variable) {
    variables.remove(variable.getName());
    variables.put(variable.getName(), variable);
  }
}
