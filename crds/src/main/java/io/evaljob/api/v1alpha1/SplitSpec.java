package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;

/** How a model is spread over the devices of one process. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record SplitSpec(
    @JsonPropertyDescription(
            "Auto: the planner chooses. None: one device. Layers: whole layers, in order. "
                + "TensorParallel: every layer over all devices (vLLM, LMDeploy). Omitted: Auto.")
        @Default("Auto")
        SplitStrategy strategy,
    @JsonPropertyDescription(
            "Tokens of context to keep memory for (KV cache and logits). Omitted: 32768.")
        @Default("32768")
        @Min(0)
        @Max(10000000)
        Integer contextTokens,
    @JsonPropertyDescription(
            "Percent of the memory of each device that the plan leaves free. Omitted: 10.")
        @Default("10")
        @Min(0)
        @Max(90)
        Integer reservePercent,
    @JsonPropertyDescription(
            "What follows when the devices run out of memory. Fail: the same plan is tried once "
                + "more. Replan: the next attempt gets the next larger device count that the "
                + "model can use, or where there is none a larger reserve, at most 4 times in a "
                + "run. Omitted: Fail.")
        @Default("Fail")
        OnOutOfMemory onOutOfMemory) {

  /** {@link #strategy()}, or the default {@code Auto} when left out. */
  public SplitStrategy strategyOrDefault() {
    return strategy == null ? SplitStrategy.Auto : strategy;
  }

  /** {@link #contextTokens()}, or the default {@code 32768} when left out. */
  public Integer contextTokensOrDefault() {
    return contextTokens == null ? 32768 : contextTokens;
  }

  /** {@link #reservePercent()}, or the default {@code 10} when left out. */
  public Integer reservePercentOrDefault() {
    return reservePercent == null ? 10 : reservePercent;
  }

  /** {@link #onOutOfMemory()}, or the default {@code Fail} when left out. */
  public OnOutOfMemory onOutOfMemoryOrDefault() {
    return onOutOfMemory == null ? OnOutOfMemory.Fail : onOutOfMemory;
  }
}
