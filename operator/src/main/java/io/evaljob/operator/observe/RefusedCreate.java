package io.evaljob.operator.observe;

import io.evaljob.api.v1alpha1.WaitingReason;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads the words in which an API server refuses to make an object; it has no other sign for what
 * refused it. What is not known is told as it was said.
 */
public final class RefusedCreate {

  private static final int DETAIL = 200;

  private static final Pattern USED_UP =
      Pattern.compile("exceeded quota: ([^,]+), requested: (\\S+), used: (\\S+), limited: (\\S+)");

  private static final Pattern NOT_SAID =
      Pattern.compile("failed quota: ([^:]+): must specify (.+)");

  private static final Pattern NOT_COUNTED = Pattern.compile("status unknown for quota: ([^,]+)");

  private static final Pattern PRIORITY =
      Pattern.compile("no PriorityClass with name (\\S+) was found");

  private static final Pattern WEBHOOK =
      Pattern.compile("failed calling webhook \"([^\"]+)\": (.*)");

  private RefusedCreate() {}

  /**
   * Whether a webhook that was to be asked did not answer; the API server then says 500.
   *
   * @param message what it said
   */
  public static boolean isSilentWebhook(String message) {
    return WEBHOOK.matcher(message).find();
  }

  /** Why a Job has no pod. */
  static Wait ofPod(String namespace, String message) {
    return read("the pod", namespace, message, "it starts when other pods end, or raise the quota");
  }

  /**
   * Why an object cannot be made.
   *
   * @param object its kind and name
   * @param namespace its namespace
   * @param message what the API server said
   */
  public static Wait of(String object, String namespace, String message) {
    return read(object, namespace, message, "raise the quota or delete what is not needed");
  }

  private static Wait read(String object, String namespace, String message, String remedy) {
    Matcher found = USED_UP.matcher(message);
    if (found.find()) {
      return quota(
          found.group(1),
          namespace,
          object + " asks for " + asked(found.group(2), found.group(3), found.group(4)),
          remedy);
    }
    found = NOT_SAID.matcher(message);
    if (found.find()) {
      return quota(
          found.group(1),
          namespace,
          object + " must say its " + Excerpt.of(found.group(2), DETAIL),
          "set it in spec.resources, or give the namespace a LimitRange with defaults");
    }
    found = NOT_COUNTED.matcher(message);
    if (found.find()) {
      return quota(
          found.group(1),
          namespace,
          "what is used has not been counted yet",
          "it starts when it is, or see that kube-controller-manager runs");
    }
    found = PRIORITY.matcher(message);
    if (found.find()) {
      return new Wait(
          WaitingReason.PriorityClassNotFound,
          "PriorityClass "
              + found.group(1)
              + " does not exist, and the API server makes no pod that names it; create it, or"
              + " correct spec.priorityClassName.");
    }
    found = WEBHOOK.matcher(message);
    return found.find()
        ? webhook(object, found.group(1), found.group(2))
        : new Wait(
            WaitingReason.Admission,
            "The API server refuses "
                + object
                + ": "
                + message
                + "; change the policy or the permission that refuses it.");
  }

  private static Wait quota(String name, String namespace, String what, String remedy) {
    return new Wait(
        WaitingReason.ResourceQuota,
        "ResourceQuota " + name + " in namespace " + namespace + ": " + what + "; " + remedy + ".");
  }

  /** For example {@code 8 nvidia.com/gpu, and 12 of 16 are used}. */
  private static String asked(String requested, String used, String limited) {
    Map<String, String> inUse = amounts(used);
    Map<String, String> limits = amounts(limited);
    List<String> each = new ArrayList<>();
    amounts(requested)
        .forEach(
            (resource, amount) ->
                each.add(
                    amount
                        + " "
                        + resource.replaceFirst("^requests\\.", "")
                        + ", and "
                        + inUse.getOrDefault(resource, "0")
                        + " of "
                        + limits.getOrDefault(resource, "0")
                        + " are used"));
    return String.join("; for ", each);
  }

  private static Map<String, String> amounts(String list) {
    Map<String, String> amounts = new LinkedHashMap<>();
    for (String pair : list.split(",", -1)) {
      int sign = pair.indexOf('=');
      if (sign > 0) {
        amounts.put(pair.substring(0, sign), pair.substring(sign + 1));
      }
    }
    return amounts;
  }

  private static Wait webhook(String object, String name, String why) {
    boolean kueue = why.contains("kueue");
    return new Wait(
        kueue ? WaitingReason.Kueue : WaitingReason.Admission,
        (kueue ? "Kueue's webhook " : "The webhook ")
            + name
            + " does not answer, and without it the API server does not make "
            + object
            + " ("
            + Excerpt.of(why, DETAIL)
            + "); see that "
            + (kueue ? "Kueue's controller" : "its service")
            + " runs. It is tried again by and by.");
  }
}
