package io.evaljob.operator.observe;

import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.resources.Labels;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Reads the children of one EvalJob: which attempts exist, what became of them, and which pods
 * still run.
 *
 * <p>Labels only sort the objects; that a Job is ours is told by its controller reference.
 */
public final class JobObserver {

  private final String jobUid;
  private final long runNumber;

  /**
   * An observer of one run.
   *
   * @param jobUid UID of the EvalJob
   * @param runNumber number of its present run
   */
  public JobObserver(String jobUid, long runNumber) {
    this.jobUid = jobUid;
    this.runNumber = runNumber;
  }

  /**
   * Sorts children by model.
   *
   * @param jobs Jobs labelled as children of the EvalJob
   * @param pods pods labelled as children of the EvalJob
   * @param failedCreates FailedCreate events of those Jobs
   * @param kueue what is seen of Kueue
   * @return an observation for every model that has a Job or a pod
   */
  public Map<String, ModelObservation> observe(
      List<Job> jobs, List<Pod> pods, List<Event> failedCreates, KueueView kueue) {
    Map<String, List<AttemptObservation>> attempts = new TreeMap<>();
    for (Job job : jobs) {
      if (isOurs(job) && runOf(job) == runNumber) {
        Optional<Stage> stage = stageOf(job);
        int attempt = (int) number(job, Labels.ATTEMPT);
        if (stage.isPresent() && attempt > 0) {
          attempts
              .computeIfAbsent(Labels.value(job, Labels.MODEL), model -> new ArrayList<>())
              .add(
                  attempt(
                      job,
                      stage.get(),
                      attempt,
                      newestPod(job, pods),
                      of(job, failedCreates),
                      kueue));
        }
      }
    }
    Map<String, List<String>> live = new TreeMap<>();
    for (Pod pod : pods) {
      if (Labels.value(pod, Labels.JOB_UID).equals(jobUid) && !PodReading.hasEnded(pod)) {
        live.computeIfAbsent(Labels.value(pod, Labels.MODEL), model -> new ArrayList<>())
            .add(PodReading.nameAndPlace(pod));
      }
    }
    Map<String, ModelObservation> models = new HashMap<>();
    attempts.forEach(
        (model, seen) -> {
          seen.sort(
              Comparator.comparing(AttemptObservation::stage)
                  .thenComparing(AttemptObservation::attempt));
          models.put(model, new ModelObservation(seen, live.getOrDefault(model, List.of())));
        });
    live.forEach(
        (model, names) -> models.putIfAbsent(model, new ModelObservation(List.of(), names)));
    return models;
  }

  /**
   * The Jobs of other runs that are not yet being deleted.
   *
   * @param jobs Jobs labelled as children of the EvalJob
   * @return their names
   */
  public List<String> jobsOfOtherRuns(List<Job> jobs) {
    return jobs.stream()
        .filter(job -> isOurs(job) && runOf(job) != runNumber)
        .filter(job -> job.getMetadata().getDeletionTimestamp() == null)
        .map(job -> job.getMetadata().getName())
        .sorted()
        .toList();
  }

  private AttemptObservation attempt(
      Job job,
      Stage stage,
      int attempt,
      Optional<Pod> pod,
      Optional<Event> failedCreate,
      KueueView kueue) {
    Optional<TerminationMessage> termination = pod.flatMap(PodReading::termination);
    AttemptObservation.State state = state(job, pod, failedCreate, termination, kueue);
    return new AttemptObservation(
        stage,
        attempt,
        job.getMetadata().getName(),
        job.getMetadata().getUid(),
        state,
        SuspensionReading.place(job, kueue),
        instant(job.getMetadata().getCreationTimestamp()),
        pod.filter(seen -> !PodReading.hasEnded(seen) || !isOver(state))
            .flatMap(PodReading::node)
            .isPresent(),
        pod.flatMap(PodReading::node),
        pod.flatMap(PodReading::container)
            .map(ContainerStatus::getImageID)
            .filter(id -> !id.isBlank()),
        pod.map(seen -> seen.getMetadata().getUid()),
        pod.map(seen -> seen.getMetadata().getName()),
        pod.flatMap(PodReading::started),
        pod.flatMap(PodReading::bound),
        pod.flatMap(PodReading::finished),
        termination);
  }

  private static boolean isOver(AttemptObservation.State state) {
    return state.isEnd() || state instanceof AttemptObservation.Leaving;
  }

  /**
   * A Job has one pod, so the pod's end is the Job's, which says so later. By then a pod that was
   * evicted or lost with its node is gone, and with it the reason.
   */
  private static AttemptObservation.State state(
      Job job,
      Optional<Pod> pod,
      Optional<Event> failedCreate,
      Optional<TerminationMessage> termination,
      KueueView kueue) {
    if (job.getMetadata().getDeletionTimestamp() != null) {
      return new AttemptObservation.Leaving();
    }
    if (JobReading.hasCondition(job, "Complete") || pod.filter(PodReading::succeeded).isPresent()) {
      return termination
          .filter(left -> left.outcome() == TerminationMessage.Outcome.Failed)
          .<AttemptObservation.State>map(
              // Exit codes lie: what the runner wrote decides.
              left -> new AttemptObservation.Failed(left.cause(), left.message(), false, false))
          .orElseGet(AttemptObservation.Succeeded::new);
    }
    if (JobReading.hasCondition(job, "Failed") || pod.filter(PodReading::isLost).isPresent()) {
      return FailureReading.of(job, pod, termination);
    }
    if (SuspensionReading.isSuspended(job)) {
      // Its pod is being taken away, which is no end of the attempt.
      return new AttemptObservation.Waits(SuspensionReading.wait(job, kueue));
    }
    if (pod.isEmpty()) {
      return new AttemptObservation.Waits(
          JobReading.waitWithoutPod(job.getMetadata().getNamespace(), failedCreate));
    }
    return PodReading.wait(pod.get())
        .<AttemptObservation.State>map(AttemptObservation.Waits::new)
        .orElseGet(() -> new AttemptObservation.Running(PodReading.silence(pod.get())));
  }

  private Optional<Pod> newestPod(Job job, List<Pod> pods) {
    String uid = job.getMetadata().getUid();
    return pods.stream()
        .filter(pod -> controllerUid(pod).filter(uid::equals).isPresent())
        .max(
            Comparator.comparing((Pod pod) -> !PodReading.hasEnded(pod))
                .thenComparing(pod -> text(pod.getMetadata().getCreationTimestamp()))
                .thenComparing(pod -> pod.getMetadata().getName()));
  }

  private static Optional<Event> of(Job job, List<Event> events) {
    return events.stream()
        .filter(event -> event.getInvolvedObject() != null)
        .filter(
            event -> job.getMetadata().getUid().equals(text(event.getInvolvedObject().getUid())))
        .max(
            Comparator.comparing(
                event ->
                    event.getLastTimestamp() != null
                        ? event.getLastTimestamp()
                        : text(event.getMetadata().getCreationTimestamp())));
  }

  private boolean isOurs(Job job) {
    return controllerUid(job).filter(jobUid::equals).isPresent();
  }

  private static Optional<String> controllerUid(HasMetadata object) {
    return object.getMetadata().getOwnerReferences().stream()
        .filter(owner -> Boolean.TRUE.equals(owner.getController()))
        .map(OwnerReference::getUid)
        .findFirst();
  }

  private static long runOf(HasMetadata object) {
    return number(object, Labels.RUN);
  }

  /**
   * The stage that a child's labels name.
   *
   * @param object a Job or a pod
   * @return the stage, empty where the label is absent or unknown
   */
  public static Optional<Stage> stageOf(HasMetadata object) {
    String word = Labels.value(object, Labels.STAGE);
    for (Stage stage : Stage.values()) {
      if (stage.name().equalsIgnoreCase(word)) {
        return Optional.of(stage);
      }
    }
    return Optional.empty();
  }

  private static long number(HasMetadata object, String key) {
    try {
      return Long.parseLong(Labels.value(object, key));
    } catch (NumberFormatException notOurs) {
      return -1;
    }
  }

  static String text(String value) {
    return value == null ? "" : value;
  }

  static Optional<Instant> instant(String value) {
    try {
      return value == null ? Optional.empty() : Optional.of(Instant.parse(value));
    } catch (DateTimeParseException foreign) {
      return Optional.empty();
    }
  }
}
