package io.evaljob.operator.observe;

import io.evaljob.api.v1alpha1.WaitingReason;
import io.evaljob.operator.observe.KueueView.Availability;
import io.evaljob.operator.resources.Labels;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Says why a Job is suspended, in Kueue's words where it is Kueue's to say. */
public final class SuspensionReading {

  private static final String NEVER = "ExceedsMaxQuota";

  /**
   * Kueue's reasons for not giving quota, as the several releases write them, and what follows from
   * each. {@code Pending} and {@code Inadmissible} are the older words for many of the others.
   */
  private static final Map<String, String> REMEDIES =
      Map.of(
          NEVER,
          "the queue can never give as much: ask for less, or have its quota raised",
          "NoMatchingFlavor",
          "no flavor of the queue fits its placement: change spec.placement, or the flavors",
          "Misconfigured",
          "correct spec.queueName, or have the queue it names made or mended",
          "Inadmissible",
          "correct spec.queueName, or have the queue it names made or mended",
          "Suspended",
          "the queue is stopped: it starts when its stopPolicy is lifted",
          "AdmissionGated",
          "it starts when its gate is opened");

  private static final String LATER = "it starts when quota becomes free";

  /**
   * What Kueue says of a flavor whose quota, all that can be borrowed included, is less than what
   * is asked for. It is said of each flavor that was tried.
   */
  private static final Pattern CAPACITY =
      Pattern.compile(
          "insufficient quota for (?<resource>\\S+) in flavor [^,]+,.*?"
              + " > maximum capacity \\((?:[^()]*> )?(?<most>[^()]+)\\)");

  /** Of a flavor that could give as much, were it not for others. */
  private static final String IN_USE = "insufficient unused quota";

  private SuspensionReading() {}

  static Optional<QueuePlace> place(Job job, KueueView kueue) {
    return queue(job)
        .map(
            name ->
                isSuspended(job)
                    ? new QueuePlace(name, true, most(job, kueue))
                    : new QueuePlace(name, false));
  }

  /** The most that the queue can give of the devices, which the Job asks more of. */
  private static OptionalInt most(Job job, KueueView kueue) {
    return Optional.ofNullable(kueue.workloads().get(job.getMetadata().getUid()))
        .flatMap(workload -> find(workload, "QuotaReserved", "False"))
        .filter(SuspensionReading::isBeyondCapacity)
        .map(refused -> CAPACITY.matcher(text(refused.getMessage())).results())
        .orElse(Stream.empty())
        // Devices are extended resources, whose names have a domain, and are counted.
        .filter(said -> said.group(1).contains("/") && said.group(2).matches("[0-9]{1,9}"))
        .mapToInt(said -> Integer.parseInt(said.group(2)))
        .max();
  }

  /** The older words for it are found in the message alone. */
  private static boolean isBeyondCapacity(Condition refused) {
    String message = text(refused.getMessage());
    return NEVER.equals(refused.getReason())
        || (CAPACITY.matcher(message).find() && !message.contains(IN_USE));
  }

  /**
   * Whether a Job waits in a queue of Kueue.
   *
   * @param job the Job
   */
  public static boolean isInQueue(Job job) {
    return isSuspended(job) && queue(job).isPresent();
  }

  static boolean isSuspended(Job job) {
    return job.getSpec() != null && Boolean.TRUE.equals(job.getSpec().getSuspend());
  }

  /** What a suspended Job waits for. */
  static Wait wait(Job job, KueueView kueue) {
    Optional<String> queue = queue(job);
    if (queue.isEmpty()) {
      return new Wait(
          WaitingReason.JobSuspended,
          "Job "
              + job.getMetadata().getName()
              + " has no queue and was suspended by somebody else: resume it; where Kueue manages"
              + " Jobs without a queue, give the namespace a LocalQueue named default.");
    }
    if (kueue.availability() == Availability.ABSENT) {
      return new Wait(
          WaitingReason.KueueNotFound,
          "spec.queueName: "
              + queue.get()
              + " is a queue of Kueue, which this cluster does not have (no API "
              + Workload.GROUP
              + "); install Kueue, or remove spec.queueName.");
    }
    if (kueue.availability() == Availability.FORBIDDEN) {
      return new Wait(
          WaitingReason.KueueNotFound,
          "The Job is in Kueue's queue "
              + queue.get()
              + ", and the operator may not read Kueue's Workloads to say more; apply the roles of"
              + " this version of the operator.");
    }
    Optional<Workload> workload =
        Optional.ofNullable(kueue.workloads().get(job.getMetadata().getUid()));
    if (workload.filter(found -> is(found, "Admitted", "True")).isPresent()) {
      return new Wait(
          WaitingReason.Starting,
          "Kueue's queue " + queue.get() + " has admitted the Job, and starts it.");
    }
    return new Wait(
        WaitingReason.Kueue,
        "Kueue's queue "
            + queue.get()
            + ": "
            + workload
                .map(SuspensionReading::told)
                .orElse(
                    "no Workload was made of the Job yet; if it stays so, see that Kueue runs,"
                        + " manages batch/job and this namespace."));
  }

  private static String told(Workload workload) {
    if (workload.getSpec() != null && Boolean.FALSE.equals(workload.getSpec().active())) {
      return evicted(workload).orElse("")
          + "Workload "
          + workload.getMetadata().getName()
          + " is deactivated; set its spec.active to true to queue it again.";
    }
    if (is(workload, "QuotaReserved", "True")) {
      return "quota is reserved"
          + place(workload)
          + ", and admission checks are left"
          + find(workload, "Admitted", "False").map(SuspensionReading::words).orElse("")
          + "; it starts when they are ready.";
    }
    Optional<Condition> refused = find(workload, "QuotaReserved", "False");
    return evicted(workload).orElse("")
        + refused.map(SuspensionReading::refusal).orElse("queued; " + LATER + ".");
  }

  private static String refusal(Condition refused) {
    return "no quota"
        + words(refused)
        + "; "
        + REMEDIES.getOrDefault(
            isBeyondCapacity(refused) ? NEVER : text(refused.getReason()), LATER)
        + ".";
  }

  /** Kept from the pods that Kueue took away; its next admission clears it. */
  private static Optional<String> evicted(Workload workload) {
    return find(workload, "Evicted", "True")
        .map(
            evicted ->
                "evicted ("
                    + text(evicted.getReason())
                    + "), work is kept and goes on when it is admitted again; ");
  }

  private static String words(Condition condition) {
    String message = text(condition.getMessage());
    return " (" + text(condition.getReason()) + (message.isBlank() ? "" : ": " + message) + ")";
  }

  private static String place(Workload workload) {
    return workload.getStatus().admission() == null
        ? ""
        : " in ClusterQueue " + workload.getStatus().admission().clusterQueue();
  }

  private static boolean is(Workload workload, String type, String status) {
    return find(workload, type, status).isPresent();
  }

  private static Optional<Condition> find(Workload workload, String type, String status) {
    List<Condition> conditions =
        workload.getStatus() == null ? List.of() : workload.getStatus().conditions();
    return conditions.stream()
        .filter(condition -> type.equals(condition.getType()))
        .filter(condition -> status.equals(condition.getStatus()))
        .findFirst();
  }

  private static Optional<String> queue(Job job) {
    return Optional.ofNullable(job.getMetadata().getLabels())
        .map(labels -> labels.get(Labels.QUEUE));
  }

  private static String text(String value) {
    return JobObserver.text(value);
  }
}
