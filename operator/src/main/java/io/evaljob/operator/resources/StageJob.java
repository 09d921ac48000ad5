package io.evaljob.operator.resources;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.PodSecurity;
import io.evaljob.api.v1alpha1.RuntimePodSpec;
import io.evaljob.api.v1alpha1.Stage;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.PodSecurityContextBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpecBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The Job of one attempt at one stage of one model: one pod, never restarted, because every retry
 * is an attempt of its own that the operator decides on.
 */
final class StageJob {
  static final String CONTAINER = "evaluator";

  /**
   * Starts the runner only when it is the one that this Job was made with, from a copy: ranks are
   * started from it much later, and the mounted file may have been replaced by then.
   */
  static final String BOOTSTRAP =
      """
      import hashlib, os, runpy, sys, tempfile
      path, expected = sys.argv[1:3]
      with open(path, 'rb') as archive:
          runner = archive.read()
      found = hashlib.sha256(runner).hexdigest()
      if found != expected:
          sys.exit('runner %s has sha256 %s, not %s' % (path, found, expected))
      path = os.path.join(tempfile.mkdtemp(prefix='runner-'), os.path.basename(path))
      with open(path, 'wb') as copy:
          copy.write(runner)
      sys.argv = [path] + sys.argv[3:]
      runpy.run_path(path, run_name='__main__')
      """;

  private final StageContext context;

  StageJob(ResourceSettings settings, EvalJob job, ConfigMap planMap, Stage stage, int attempt) {
    this.context =
        new StageContext(
            settings,
            job,
            planMap.getMetadata().getName(),
            PlanConfigMap.digest(planMap),
            planMap.getData().containsKey(PlanConfigMap.CERTIFICATES),
            PlanConfigMap.plan(planMap),
            PlanConfigMap.runtime(planMap),
            stage,
            attempt);
  }

  Job build() {
    Map<String, String> labels =
        Labels.of(
            context.job(),
            context.plan().model().name(),
            context.plan().run(),
            context.stage(),
            context.attempt());
    return new JobBuilder()
        .withMetadata(ChildMetadata.of(context.job(), name(), jobLabels(labels)))
        .withNewSpec()
        // Without a webhook Kueue suspends a Job only once its pod is there, and deletes that.
        .withSuspend(context.queue().isPresent() ? true : null)
        .withParallelism(1)
        .withCompletions(1)
        .withBackoffLimit(0)
        .withTemplate(template(labels))
        .endSpec()
        .build();
  }

  /** The queue is the Job's alone: on a pod the label has Kueue queue the pod as well. */
  private Map<String, String> jobLabels(Map<String, String> labels) {
    Map<String, String> all = new TreeMap<>(labels);
    context.queue().ifPresent(queue -> all.put(Labels.QUEUE, queue));
    return all;
  }

  private String name() {
    return Names.stage(
        context.job().getMetadata().getName(),
        context.job().getMetadata().getUid(),
        context.plan().run().number(),
        context.plan().model().name(),
        context.stage(),
        context.attempt());
  }

  private PodTemplateSpec template(Map<String, String> labels) {
    RuntimePodSpec pod = context.pod();
    StageVolumes volumes = new StageVolumes(context);
    return new PodTemplateSpecBuilder()
        .withMetadata(podMetadata(labels))
        .withNewSpec()
        .withRestartPolicy("Never")
        .withTerminationGracePeriodSeconds((long) context.graceSeconds())
        .withRuntimeClassName(pod.runtimeClassNameIfSet().orElse(null))
        .withSchedulerName(pod.schedulerNameIfSet().orElse(null))
        .withPriorityClassName(context.spec().priorityClassNameIfSet().orElse(null))
        .withServiceAccountName(context.runtimeSpec().serviceAccountNameOrDefault())
        .withAutomountServiceAccountToken(false)
        .withEnableServiceLinks(false)
        .withImagePullSecrets(
            context.runtimeSpec().imagePullSecretNames().stream()
                .map(LocalObjectReference::new)
                .toList())
        .withSecurityContext(podSecurity())
        .withNodeSelector(StagePlacement.nodeSelector(context))
        .withTolerations(StagePlacement.tolerations(context))
        .withAffinity(StagePlacement.affinity(context).orElse(null))
        .withContainers(container(volumes))
        .withVolumes(volumes.volumes())
        .endSpec()
        .build();
  }

  /** The operator's labels and annotations win: it finds its pods by them. */
  private ObjectMeta podMetadata(Map<String, String> labels) {
    Map<String, String> podLabels = new TreeMap<>(context.pod().labels());
    podLabels.putAll(labels);
    Map<String, String> annotations = new TreeMap<>(context.pod().annotations());
    annotations.put(Labels.RUNTIME_ANNOTATION, context.runtime().name());
    return new ObjectMetaBuilder().withLabels(podLabels).withAnnotations(annotations).build();
  }

  private Container container(StageVolumes volumes) {
    return new ContainerBuilder()
        .withName(CONTAINER)
        .withImage(context.runtimeSpec().image())
        .withCommand(
            List.of(
                "python3",
                "-c",
                BOOTSTRAP,
                ContainerPaths.RUNNER + "/" + RunnerArchive.FILE_NAME,
                context.settings().runner().sha256(),
                Names.word(context.stage())))
        .withWorkingDir(ContainerPaths.TMP)
        .withEnv(new StageEnvironment(context).variables())
        .withVolumeMounts(volumes.mounts())
        .withResources(
            StageAmounts.of(context.spec(), context.runtimeSpec(), context.stage(), devices()))
        .withTerminationMessagePath(ContainerPaths.TERMINATION_LOG)
        // Read from the log only where the runner did not come to write a message.
        .withTerminationMessagePolicy("FallbackToLogsOnError")
        .withNewSecurityContext()
        .withAllowPrivilegeEscalation(false)
        .withNewCapabilities()
        .withDrop("ALL")
        .endCapabilities()
        .endSecurityContext()
        .build();
  }

  private Map<String, Quantity> devices() {
    return context.devices() == 0
        ? Map.of()
        : Map.of(
            context.plan().devices().resourceName(), CanonicalQuantity.ofCount(context.devices()));
  }

  private PodSecurityContext podSecurity() {
    PodSecurityContextBuilder security =
        new PodSecurityContextBuilder()
            .withRunAsNonRoot(true)
            .withNewSeccompProfile()
            .withType("RuntimeDefault")
            .endSeccompProfile();
    PodSecurity given = context.pod().securityContext();
    if (given != null) {
      security
          .withRunAsUser(given.runAsUser())
          .withRunAsGroup(given.runAsGroup())
          .withFsGroup(given.fsGroup())
          .withFsGroupChangePolicy(given.fsGroupChangePolicyIfSet().map(Enum::name).orElse(null))
          .withSupplementalGroups(given.supplementalGroups());
    }
    return security.build();
  }
}
