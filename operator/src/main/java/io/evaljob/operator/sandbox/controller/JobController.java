package io.evaljob.operator.sandbox.controller;

import io.evaljob.operator.sandbox.apiserver.ObjectPath;
import io.evaljob.operator.sandbox.apiserver.Suffix;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.JobConditionBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.JobStatus;
import io.fabric8.kubernetes.api.model.batch.v1.JobStatusBuilder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Jobs of one pod at a time: one completion, {@code backoffLimit} and {@code suspend} are honoured;
 * parallelism, indexes and failure policies are not.
 *
 * <p>As in a cluster a pod carries a finalizer until its end is counted in the Job's status, so a
 * pod that is deleted while it runs counts as failed.
 */
public final class JobController implements Controller {

  static final String TRACKING = "batch.kubernetes.io/job-tracking";
  private static final int NAME_LENGTH = 57;
  private static final int DEFAULT_BACKOFF_LIMIT = 6;

  private final ClusterWriter writer;

  /** Writes through {@code writer}. */
  public JobController(ClusterWriter writer) {
    this.writer = writer;
  }

  @Override
  public void sync(ClusterView view) {
    Map<String, List<Pod>> byJob =
        view.pods().stream()
            .filter(pod -> controllerUid(pod) != null)
            .collect(Collectors.groupingBy(JobController::controllerUid));
    List<Job> jobs = view.jobs();
    Set<String> known = new TreeSet<>();
    for (Job job : jobs) {
      known.add(job.getMetadata().getUid());
      sync(job, byJob.getOrDefault(job.getMetadata().getUid(), List.of()));
    }
    byJob.forEach(
        (uid, pods) -> {
          if (!known.contains(uid)) {
            pods.forEach(this::release);
          }
        });
  }

  private void sync(Job job, List<Pod> pods) {
    boolean deleting = job.getMetadata().getDeletionTimestamp() != null;
    if (!isFinished(job)) {
      JobStatus status = observed(job, pods);
      if (!status.equals(job.getStatus())) {
        writer.replaceStatus(path(job), new JobBuilder(job).withStatus(status).build());
      }
      boolean finished =
          status.getConditions().stream()
              .anyMatch(c -> c.getType().equals("Complete") || c.getType().equals("Failed"));
      boolean suspended = Boolean.TRUE.equals(job.getSpec().getSuspend());
      if (!finished && !deleting && !suspended && status.getActive() == null) {
        writer.create(newPod(job));
        return;
      }
    }
    for (Pod pod : pods) {
      if (hasEnded(pod)) {
        release(pod);
      }
    }
  }

  private JobStatus observed(Job job, List<Pod> pods) {
    JobStatus before = job.getStatus() == null ? new JobStatus() : job.getStatus();
    JobStatus status = new JobStatusBuilder(before).build();
    int succeeded = 0;
    int failed = 0;
    int active = 0;
    int ready = 0;
    for (Pod pod : pods) {
      if (Pods.phase(pod).equals("Succeeded")) {
        succeeded++;
      } else if (hasEnded(pod)) {
        failed++;
      } else {
        active++;
        ready += Pods.phase(pod).equals("Running") ? 1 : 0;
      }
    }
    failed = Math.max(failed, count(before.getFailed()));
    succeeded = Math.max(succeeded, count(before.getSucceeded()));
    status.setActive(active == 0 ? null : active);
    status.setReady(ready);
    status.setSucceeded(succeeded == 0 ? null : succeeded);
    status.setFailed(failed == 0 ? null : failed);
    if (status.getStartTime() == null) {
      status.setStartTime(writer.now());
    }
    int limit =
        job.getSpec().getBackoffLimit() == null
            ? DEFAULT_BACKOFF_LIMIT
            : job.getSpec().getBackoffLimit();
    if (succeeded > 0) {
      condition(
          status,
          "SuccessCriteriaMet",
          "CompletionsReached",
          "Reached expected number of succeeded pods");
      condition(
          status, "Complete", "CompletionsReached", "Reached expected number of succeeded pods");
      status.setCompletionTime(writer.now());
    } else if (failed > limit && active == 0) {
      String message = "Job has reached the specified backoff limit";
      condition(status, "FailureTarget", "BackoffLimitExceeded", message);
      condition(status, "Failed", "BackoffLimitExceeded", message);
    }
    return status;
  }

  private static int count(Integer value) {
    return value == null ? 0 : value;
  }

  private void condition(JobStatus status, String type, String reason, String message) {
    List<io.fabric8.kubernetes.api.model.batch.v1.JobCondition> conditions =
        new ArrayList<>(status.getConditions());
    conditions.add(
        new JobConditionBuilder()
            .withType(type)
            .withStatus("True")
            .withReason(reason)
            .withMessage(message)
            .withLastProbeTime(writer.now())
            .withLastTransitionTime(writer.now())
            .build());
    status.setConditions(conditions);
  }

  private static boolean isFinished(Job job) {
    return job.getStatus() != null
        && job.getStatus().getConditions().stream()
            .anyMatch(
                c ->
                    (c.getType().equals("Complete") || c.getType().equals("Failed"))
                        && c.getStatus().equals("True"));
  }

  /** Ended, or deleted before it was placed, so that it will never start. */
  private static boolean hasEnded(Pod pod) {
    return Pods.isEnded(pod) || (Pods.isDeleting(pod) && !Pods.isBound(pod));
  }

  private void release(Pod pod) {
    if (pod.getMetadata().getFinalizers().contains(TRACKING)) {
      Pod released =
          new PodBuilder(pod).editMetadata().removeFromFinalizers(TRACKING).endMetadata().build();
      writer.replace(ClusterWriter.path(pod), released);
    }
  }

  private static String controllerUid(Pod pod) {
    return pod.getMetadata().getOwnerReferences().stream()
        .filter(
            owner -> owner.getKind().equals("Job") && Boolean.TRUE.equals(owner.getController()))
        .map(io.fabric8.kubernetes.api.model.OwnerReference::getUid)
        .findFirst()
        .orElse(null);
  }

  private static Pod newPod(Job job) {
    String name = job.getMetadata().getName();
    String uid = job.getMetadata().getUid();
    String base = name.length() > NAME_LENGTH ? name.substring(0, NAME_LENGTH) : name;
    Map<String, String> labels = new HashMap<>();
    Map<String, String> annotations = new HashMap<>();
    if (job.getSpec().getTemplate().getMetadata() != null) {
      labels.putAll(job.getSpec().getTemplate().getMetadata().getLabels());
      annotations.putAll(job.getSpec().getTemplate().getMetadata().getAnnotations());
    }
    labels.put("batch.kubernetes.io/job-name", name);
    labels.put("batch.kubernetes.io/controller-uid", uid);
    labels.put("job-name", name);
    labels.put("controller-uid", uid);
    return new PodBuilder()
        .withNewMetadata()
        .withName(base + "-" + Suffix.random())
        .withNamespace(job.getMetadata().getNamespace())
        .withLabels(labels)
        .withAnnotations(annotations)
        .withFinalizers(TRACKING)
        .withOwnerReferences(
            new OwnerReferenceBuilder()
                .withApiVersion("batch/v1")
                .withKind("Job")
                .withName(name)
                .withUid(uid)
                .withController(true)
                .withBlockOwnerDeletion(true)
                .build())
        .endMetadata()
        .withSpec(job.getSpec().getTemplate().getSpec())
        .withNewStatus()
        .withPhase("Pending")
        .endStatus()
        .build();
  }

  private static ObjectPath path(Job job) {
    return new ObjectPath(
        "batch", "v1", "jobs", job.getMetadata().getNamespace(), job.getMetadata().getName());
  }
}
