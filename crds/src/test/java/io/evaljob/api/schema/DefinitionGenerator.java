package io.evaljob.api.schema;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalQuota;
import io.evaljob.api.v1alpha1.EvalRuntime;
import io.evaljob.api.v1alpha1.ModelProfile;
import io.fabric8.crdv2.generator.CRDGenerator;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Makes the custom resource definitions from the API types: fabric8's generator gives the skeleton,
 * {@link SchemaDecorator} adds what it cannot express.
 */
final class DefinitionGenerator {
  private static final List<Class<? extends HasMetadata>> KINDS =
      List.of(EvalJob.class, EvalQuota.class, EvalRuntime.class, ModelProfile.class);

  private static final ObjectMapper YAML =
      new ObjectMapper(
          YAMLFactory.builder()
              .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
              .disable(YAMLGenerator.Feature.SPLIT_LINES)
              .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
              .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
              .build());

  private DefinitionGenerator() {}

  /** The definitions as YAML, by file name. */
  static Map<String, String> generate() {
    Map<String, ObjectNode> skeletons = skeletons();
    Map<String, String> files = new TreeMap<>();
    for (Class<? extends HasMetadata> kind : KINDS) {
      String name = HasMetadata.getFullResourceName(kind);
      ObjectNode definition = skeletons.get(name);
      complete(definition, kind);
      try {
        files.put(
            name + ".yaml",
            "# Made from the Java types; do not edit. To make it again: mvn -pl crds test"
                + " -Dcrds.update=true\n"
                + YAML.writeValueAsString(SchemaOrder.sorted(definition)));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return files;
  }

  private static Map<String, ObjectNode> skeletons() {
    InMemory output = new InMemory();
    new CRDGenerator()
        .customResourceClasses(KINDS)
        .forCRDVersions("v1")
        .withOutput(output)
        .generate();
    Map<String, ObjectNode> skeletons = new TreeMap<>();
    for (ByteArrayOutputStream file : output.files.values()) {
      try {
        ObjectNode definition = (ObjectNode) YAML.readTree(file.toByteArray());
        skeletons.put(definition.at("/metadata/name").asText(), definition);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return skeletons;
  }

  private static void complete(ObjectNode definition, Class<? extends HasMetadata> kind) {
    ObjectNode version = (ObjectNode) definition.at("/spec/versions/0");
    ObjectNode root = (ObjectNode) version.at("/schema/openAPIV3Schema");
    root.put("description", kind.getAnnotation(JsonClassDescription.class).value());
    root.putArray("required").add("spec");
    ObjectNode properties = (ObjectNode) root.get("properties");
    Type[] arguments = ((ParameterizedType) kind.getGenericSuperclass()).getActualTypeArguments();
    SchemaDecorator.decorate(arguments[0], (ObjectNode) properties.get("spec"));
    ((ObjectNode) properties.get("spec")).put("description", "What is asked for.");
    if (arguments[1] == Void.class) {
      properties.remove("status");
    } else {
      ObjectNode status = (ObjectNode) properties.get("status");
      SchemaDecorator.decorate(arguments[1], status);
      status.put("description", "What is observed; written by the operator.");
      // kstatus: an object that no operator has seen is in progress, not done.
      status.putObject("default").put("observedGeneration", -1);
    }
    properties
        .putObject("apiVersion")
        .put("type", "string")
        .put("description", "Group and version of the API: evaljob.io/v1alpha1.");
    properties
        .putObject("kind")
        .put("type", "string")
        .put("description", "Kind of the object: " + HasMetadata.getKind(kind) + ".");
    properties.putObject("metadata").put("type", "object");
    columns(version, kind);
    selectableFields(version, kind);
  }

  private static void columns(ObjectNode version, Class<?> kind) {
    ArrayNode columns = version.putArray("additionalPrinterColumns");
    for (Column column : kind.getAnnotationsByType(Column.class)) {
      ObjectNode node =
          columns
              .addObject()
              .put("name", column.name())
              .put("type", column.type())
              .put("description", column.description())
              .put("jsonPath", column.path());
      if (column.wide()) {
        node.put("priority", 1);
      }
    }
  }

  private static void selectableFields(ObjectNode version, Class<?> kind) {
    SelectableFields fields = kind.getAnnotation(SelectableFields.class);
    if (fields != null) {
      ArrayNode list = version.putArray("selectableFields");
      for (String path : fields.value()) {
        list.addObject().put("jsonPath", path);
      }
    }
  }

  private static final class InMemory implements CRDGenerator.CRDOutput<ByteArrayOutputStream> {
    private final Map<String, ByteArrayOutputStream> files = new TreeMap<>();

    @Override
    public ByteArrayOutputStream outputFor(String crdName) {
      return files.computeIfAbsent(crdName, name -> new ByteArrayOutputStream());
    }

    @Override
    public void close() {}
  }
}
