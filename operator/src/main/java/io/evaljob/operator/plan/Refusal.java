package io.evaljob.operator.plan;

/**
 * Why a job cannot run as asked.
 *
 * @param reason the closed word for it
 * @param field path of the field to change, such as {@code spec.models[sft].devicesPerProcess}
 * @param value the value found there, as text; empty when the field is not set
 * @param why the reason, as the end of a sentence that starts with field and value
 * @param remedy what to do, as an imperative
 */
public record Refusal(RefusalReason reason, String field, String value, String why, String remedy) {

  /** The whole refusal in one sentence. */
  public String message() {
    StringBuilder message = new StringBuilder(field);
    if (!value.isEmpty()) {
      message.append(": ").append(value);
    }
    message.append(' ').append(why);
    if (!remedy.isEmpty()) {
      message.append("; ").append(remedy);
    }
    return message.toString();
  }
}
