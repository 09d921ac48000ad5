package io.evaljob.operator.schema;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ManifestReaderTest {
  @Test
  void readsEveryDocumentAndSkipsEmptyOnes() {
    Manifests read =
        read(
            """
            # a comment alone
            ---
            kind: EvalRuntime
            metadata: {name: r}
            ---
            ---
            kind: EvalJob
            apiVersion: evaljob.io/v1alpha1
            metadata:
              name: j
              namespace: vlm
            """);
    assertThat(read.problems()).isEmpty();
    assertThat(read.documents()).map(Manifest::kind).containsExactly("EvalRuntime", "EvalJob");
    Manifest job = read.documents().get(1);
    assertThat(job.name()).isEqualTo("j");
    assertThat(job.namespace()).isEqualTo("vlm");
    assertThat(job.apiVersion()).isEqualTo("evaljob.io/v1alpha1");
    assertThat(job.source()).isEqualTo("test.yaml");
    assertThat(job.file()).isEmpty();
  }

  @Test
  void knowsThePlaceOfEveryValue() {
    Manifest manifest =
        read("""
                kind: EvalJob
                spec:
                  models:
                  - name: base
                    hub:
                      id: a/b
                """)
            .documents()
            .get(0);
    assertThat(manifest.position("/spec/models/0/hub/id")).isEqualTo(new Position(6, 7));
    assertThat(manifest.position("/spec/models/0")).isEqualTo(new Position(4, 5));
    // What is not there is where it would be put.
    assertThat(manifest.position("/spec/models/0/volume/name")).isEqualTo(new Position(4, 5));
    assertThat(manifest.position("/spec/datasets")).isEqualTo(new Position(2, 1));
  }

  @Test
  void listsAreTakenApart() {
    Manifests read =
        read(
            """
            apiVersion: v1
            kind: List
            items:
            - kind: EvalJob
              metadata: {name: one}
            - kind: EvalJob
              metadata:
                name: two
            """);
    assertThat(read.documents()).map(Manifest::name).containsExactly("one", "two");
    assertThat(read.documents().get(1).position("/metadata/name")).isEqualTo(new Position(8, 5));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          8                 | NUMBER  | 8
          0x10              | NUMBER  | 16
          0755              | NUMBER  | 493
          -3                | NUMBER  | -3
          1_000             | NUMBER  | 1000
          12345678901       | NUMBER  | 12345678901
          99999999999999999999 | NUMBER | 99999999999999999999
          1.5               | NUMBER  | 1.5
          true              | BOOLEAN | true
          yes               | BOOLEAN | true
          Off               | BOOLEAN | false
          ~                 | NULL    | null
          12:30             | STRING  | 12:30
          2026-11-23        | STRING  | 2026-11-23
          2026-11-23T15:00:00Z | STRING | 2026-11-23T15:00:00Z
          79Gi              | STRING  | 79Gi
          .inf              | STRING  | .inf
          09                | STRING  | 09
          "8"               | STRING  | 8
          y                 | STRING  | y
          """)
  void scalarsMeanWhatTheyMeanToKubectl(String written, String type, String value) {
    JsonNode node = read("a: " + written).documents().get(0).object().get("a");
    assertThat(node.getNodeType()).hasToString(type);
    assertThat(node.asText()).isEqualTo(value);
  }

  @Test
  void anchorsAndMergesWork() {
    JsonNode object =
        read("""
                base: &base {name: m, processes: 2}
                one: *base
                two:
                  <<: *base
                  name: other
                """)
            .documents()
            .get(0)
            .object();
    assertThat(object.get("one")).isEqualTo(object.get("base"));
    assertThat(object.at("/two/name").asText()).isEqualTo("other");
    assertThat(object.at("/two/processes").asInt()).isEqualTo(2);
  }

  @Test
  void anchorsCannotExplode() {
    StringBuilder text = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 10; i++) {
      String below = ("*a" + (i - 1) + ", ").repeat(9) + "*a" + (i - 1);
      text.append("a%d: &a%d [%s]%n".formatted(i, i, below));
    }
    assertThat(messages(text.toString())).singleElement().asString().contains("too many nodes");
    assertThat(messages("a: &a [*a]")).singleElement().asString().contains("not valid YAML");
  }

  @Test
  void malformedYamlSaysWhereAndWhat() {
    assertThat(messages("kind: EvalJob\nspec:\n  runID: a: b\n"))
        .containsExactly(
            "test.yaml:3:11: this is not valid YAML (mapping values are not allowed here); check"
                + " the indentation, and put text that contains ': ' in quotes");
    assertThat(messages("spec:\n\tmodels: []\n"))
        .singleElement()
        .asString()
        .startsWith("test.yaml:2:1: ")
        .endsWith("indent with spaces, not with tabs");
    assertThat(messages("spec:\n  a: 1\n  b: 2\n  a: 3\n"))
        .containsExactly(
            "test.yaml:4:3: this is not valid YAML (duplicate key a); keep one of the two");
    assertThat(messages("a: [1, 2\nb: 3\n")).singleElement().asString().startsWith("test.yaml:2:");
    assertThat(messages("a: \"open\nb: 3\n"))
        .singleElement()
        .asString()
        .endsWith("close the quote or bracket that was opened");
    assertThat(messages("a: b\n   c: d\n")).singleElement().asString().startsWith("test.yaml:2:");
    assertThat(messages("a: *.svc\n"))
        .singleElement()
        .asString()
        .endsWith("put text that begins with * or & in quotes");
    assertThat(messages("- a\n- b\n"))
        .containsExactly(
            "test.yaml:1:1: the document is not an object; start it with apiVersion and kind");
    assertThat(messages("just text"))
        .containsExactly(
            "test.yaml:1:1: the document is not an object; start it with apiVersion and kind");
  }

  @Test
  void documentsBeforeAMalformedOneAreKept() {
    Manifests read = read("kind: EvalJob\n---\nkind: [\n");
    assertThat(read.documents()).map(Manifest::kind).containsExactly("EvalJob");
    assertThat(read.problems()).hasSize(1);
  }

  @Test
  void binaryIsNotText() {
    Manifests read =
        ManifestReader.read(
            new ByteArrayInputStream(new byte[] {(byte) 0xC3, (byte) 0x28, 0, 1}), "x.bin");
    assertThat(read.problems())
        .map(SchemaProblem::message)
        .containsExactly("x.bin: this is not plain text; save it as UTF-8");
  }

  @Test
  void filesKeepTheirPath(@TempDir Path folder) throws IOException {
    Path good = Files.writeString(folder.resolve("good.yaml"), "kind: EvalJob\n");
    Path json = Files.writeString(folder.resolve("also.json"), "{\"kind\": \"Secret\"}");
    Path none = folder.resolve("none.yaml");
    Manifests read = ManifestReader.readAll(List.of(good, none, json, folder));
    assertThat(read.documents()).map(Manifest::kind).containsExactly("EvalJob", "Secret");
    assertThat(read.documents().get(0).file()).hasValue(good);
    assertThat(read.problems())
        .map(SchemaProblem::message)
        .containsExactly(
            none + ": does not exist; check the path",
            folder + ": is a folder; name the files in it");
  }

  private static Manifests read(String text) {
    return ManifestReader.read(
        new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), "test.yaml");
  }

  private static List<String> messages(String text) {
    return read(text).problems().stream().map(SchemaProblem::message).toList();
  }
}
