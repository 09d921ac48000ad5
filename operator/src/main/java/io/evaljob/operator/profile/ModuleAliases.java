package io.evaljob.operator.profile;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Names that one module has in different versions of transformers. Version 4.52 gathered vision
 * tower, connector and language model of its own classes below one {@code model}; checkpoints kept
 * the names they were saved with.
 */
final class ModuleAliases {

  private static final String OUTER = "model.";
  private static final String OLD_LANGUAGE = "language_model.model.";
  private static final String NEW_LANGUAGE = "model.language_model.";
  private static final List<String> LANGUAGE_MODULES =
      List.of("embed_tokens", "layers", "norm", "rotary_emb");
  private static final List<String> TOP_MODULES =
      List.of(
          "visual",
          "vision_tower",
          "vision_model",
          "multi_modal_projector",
          "image_newline",
          "connector",
          "audio_tower");

  private ModuleAliases() {}

  /**
   * The name itself, then the others.
   *
   * @param module its name in the checkpoint
   * @param vision whether the model has a vision tower, beside which the language model has a name
   */
  static List<String> of(String module, boolean vision) {
    Set<String> names = new LinkedHashSet<>(List.of(module));
    if (module.startsWith(OLD_LANGUAGE)) {
      names.add(NEW_LANGUAGE + module.substring(OLD_LANGUAGE.length()));
    } else if (module.startsWith(NEW_LANGUAGE)) {
      String inner = module.substring(NEW_LANGUAGE.length());
      names.add(OLD_LANGUAGE + inner);
      names.add(OUTER + inner);
    } else if (module.equals("language_model.lm_head")) {
      names.add("lm_head");
    } else if (module.equals("lm_head") && vision) {
      names.add("language_model.lm_head");
    } else if (vision && module.startsWith(OUTER) && isOneOf(LANGUAGE_MODULES, inner(module))) {
      names.add(NEW_LANGUAGE + inner(module));
    } else if (module.startsWith(OUTER) && isOneOf(TOP_MODULES, inner(module))) {
      names.add(inner(module));
    } else if (isOneOf(TOP_MODULES, module)) {
      names.add(OUTER + module);
    }
    return new ArrayList<>(names);
  }

  private static String inner(String module) {
    return module.substring(OUTER.length());
  }

  private static boolean isOneOf(List<String> modules, String name) {
    return modules.stream().anyMatch(one -> name.equals(one) || name.startsWith(one + "."));
  }
}
