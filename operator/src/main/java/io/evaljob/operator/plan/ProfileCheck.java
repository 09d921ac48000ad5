package io.evaljob.operator.plan;

import java.util.List;
import java.util.OptionalInt;

/** Refuses facts that no model can have, so that all later arithmetic is exact. */
final class ProfileCheck {

  /** Most blocks of a model, counted one by one. */
  static final int MAX_UNITS = 4096;

  /** Greatest sum of all loads in bytes; see {@link SplitProblem}. */
  static final long MAX_BYTES = 1L << 58;

  private ProfileCheck() {}

  static void check(PlanRequest request, ModelFacts facts, List<Refusal> refusals) {
    double total = 0;
    long units = 0;
    for (Block block : facts.blocks()) {
      if (block.count() < 1) {
        refuse(request, facts, "has a block entry with count " + block.count(), refusals);
      }
      if (block.bytes() < 0 || block.keyValueBytesPerToken() < 0) {
        refuse(request, facts, "has a block of negative size", refusals);
      }
      if (block.moduleNames().isEmpty() || block.moduleNames().stream().anyMatch(String::isBlank)) {
        refuse(
            request,
            facts,
            "has a block entry of role " + block.role() + " without a module name",
            refusals);
      }
      units += block.count();
      total +=
          block.count()
              * (block.bytes()
                  + (double) block.keyValueBytesPerToken() * request.split().contextTokens());
    }
    Activations activations = facts.activations();
    if (activations.visionBytes() < 0
        || activations.logitsBytesPerToken() < 0
        || activations.workspaceBytes() < 0) {
      refuse(request, facts, "has negative activations", refusals);
    }
    total +=
        activations.visionBytes()
            + (double) activations.logitsBytesPerToken() * request.split().contextTokens()
            + (double) activations.workspaceBytes() * RequestCheck.MAX_DEVICES_PER_PROCESS;
    if (units > MAX_UNITS) {
      refuse(
          request,
          facts,
          "has " + units + " blocks and at most " + MAX_UNITS + " are possible",
          refusals);
    }
    // Half the limit: a double cannot tell totals near the limit apart.
    if (total > MAX_BYTES / 2.0) {
      refuse(request, facts, "has sizes that add up to more than any machine's memory", refusals);
    }
    for (int count : facts.allowedDeviceCounts()) {
      if (count < 1 || count > RequestCheck.MAX_DEVICES_PER_PROCESS) {
        refuse(
            request,
            facts,
            "allows "
                + count
                + " devices per process, outside 1 to "
                + RequestCheck.MAX_DEVICES_PER_PROCESS,
            refusals);
      }
    }
    if (lessThanOne(facts.attentionHeads()) || lessThanOne(facts.keyValueHeads())) {
      refuse(request, facts, "has fewer than one attention head", refusals);
    }
  }

  private static boolean lessThanOne(OptionalInt value) {
    return value.isPresent() && value.getAsInt() < 1;
  }

  private static void refuse(
      PlanRequest request, ModelFacts facts, String why, List<Refusal> refusals) {
    refusals.add(
        new Refusal(
            RefusalReason.ProfileInvalid,
            request.path() + ".profileName",
            facts.profileName(),
            why,
            "correct that ModelProfile or name another"));
  }
}
