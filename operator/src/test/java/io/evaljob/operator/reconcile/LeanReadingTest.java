package io.evaljob.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evaljob.operator.observe.Workload;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodList;
import io.fabric8.kubernetes.api.model.WatchEvent;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LeanReadingTest {

  private final KubernetesSerialization lean = LeanReading.serialization();
  private final KubernetesSerialization whole = new KubernetesSerialization();

  private static final String POD =
      """
      {"apiVersion": "v1", "kind": "Pod",
       "metadata": {"name": "a", "uid": "1", "labels": {"l": "v"}, "annotations": {"a": "v"},
                    "managedFields": [{"manager": "kubelet"}]},
       "spec": {"nodeName": "n", "hostNetwork": true,
                "containers": [{"name": "c", "image": "i"}],
                "volumes": [{"name": "v", "configMap": {"name": "m", "defaultMode": 420}}]},
       "status": {"phase": "Failed", "podIP": "10.0.0.1", "qosClass": "Guaranteed",
                  "containerStatuses": [
                    {"name": "c", "ready": false, "restartCount": 0, "imageID": "x",
                     "state": {"terminated": {"exitCode": 3, "message": "left"}}}]}}
      """;

  @Test
  void whatAPassReadsIsThereAndNothingElse() {
    String read =
        """
        {"apiVersion":"v1","kind":"Pod",\
        "metadata":{"annotations":{"a":"v"},"labels":{"l":"v"},"name":"a","uid":"1"},\
        "spec":{"containers":[{"name":"c"}],"nodeName":"n",\
        "volumes":[{"configMap":{"name":"m"},"name":"v"}]},\
        "status":{"containerStatuses":[{"imageID":"x","name":"c",\
        "state":{"terminated":{"exitCode":3,"message":"left"}}}],"phase":"Failed"}}""";
    assertThat(lean.asJson(lean.unmarshal(POD, Pod.class))).isEqualTo(read);

    WatchEvent event =
        lean.unmarshal("{\"type\": \"ADDED\", \"object\": " + POD + "}", WatchEvent.class);
    assertThat(event.getObject()).isInstanceOf(Pod.class);
    assertThat(lean.asJson(event.getObject())).isEqualTo(read);
  }

  @Test
  void aJobKeepsWhichRunnerItMountsAndHowItEnded() {
    Job job =
        lean.unmarshal(
            """
            {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"},
             "spec": {"parallelism": 1, "template": {"metadata": {"labels": {"a": "b"}},
               "spec": {"volumes": [{"name": "r", "configMap": {"name": "runner"}}]}}},
             "status": {"active": 1, "conditions": [{"type": "Complete", "status": "True"}]}}
            """,
            Job.class);

    assertThat(job.getSpec().getTemplate().getSpec().getVolumes().get(0).getConfigMap().getName())
        .isEqualTo("runner");
    assertThat(job.getStatus().getConditions().get(0).getType()).isEqualTo("Complete");
    assertThat(job.getSpec().getParallelism()).isNull();
  }

  @ParameterizedTest
  @ValueSource(classes = {Workload.V1Beta1.class, Workload.V1Beta2.class})
  void aWorkloadKeepsWhyItWaits(Class<? extends Workload> version) {
    String text =
        """
        {"apiVersion": "kueue.x-k8s.io/VERSION", "kind": "Workload",
         "metadata": {"name": "w", "ownerReferences": [{"uid": "1", "kind": "Job"}]},
         "spec": {"active": true, "queueName": "q", "podSets": [{"name": "main"}]},
         "status": {"admission": {"clusterQueue": "c", "podSetAssignments": []},
           "conditions": [{"type": "Admitted", "status": "True", "reason": "Admitted"}],
           "requeueState": {"count": 1}}}
        """
            .replace("VERSION", HasMetadata.getVersion(version));

    Workload read =
        (Workload)
            lean.unmarshal("{\"type\": \"ADDED\", \"object\": " + text + "}", WatchEvent.class)
                .getObject();

    assertThat(read).isInstanceOf(version);
    assertThat(lean.asJson(read))
        .isEqualTo(lean.asJson(lean.unmarshal(text, version)))
        .contains("\"uid\":\"1\"", "\"active\":true", "\"clusterQueue\":\"c\"", "Admitted")
        .doesNotContain("podSets", "requeueState");
  }

  @Test
  void listsAreReadLikeTheirItems() {
    PodList pods =
        lean.unmarshal(
            "{\"kind\": \"PodList\", \"metadata\": {\"resourceVersion\": \"7\", \"continue\": \"c\","
                + " \"shardInfo\": {\"selector\": \"all\"}}, \"items\": ["
                + POD
                + "]}",
            PodList.class);

    assertThat(pods.getMetadata().getResourceVersion()).isEqualTo("7");
    assertThat(pods.getMetadata().getContinue()).isEqualTo("c");
    assertThat(lean.asJson(pods.getItems().get(0)))
        .isEqualTo(lean.asJson(lean.unmarshal(POD, Pod.class)));
  }

  @Test
  void nullIsWhatANewObjectHas() {
    Pod pod =
        lean.unmarshal(
            """
            {"metadata": {"name": "a", "labels": null, "generation": 3, "finalizers": ["f"]},
             "spec": {"nodeName": null, "containers": null}, "status": null}
            """,
            Pod.class);

    assertThat(pod.getSpec().getNodeName()).isNull();
    assertThat(pod.getSpec().getContainers()).isEmpty();
    assertThat(pod.getStatus()).isNull();
    assertThat(pod.getMetadata().getGeneration()).isEqualTo(3);
    assertThat(pod.getMetadata().getFinalizers()).containsExactly("f");
    assertThat(pod.getKind()).isEqualTo("Pod");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "'{\"metadata\": 3}'; ObjectMeta",
        "'{\"metadata\": {\"name\": {}}}'; String",
        "'{\"metadata\": {\"labels\": []}}'; Map",
        "'{\"metadata\": {\"generation\": \"x\"}}'; not numeric",
        "'{\"spec\": {\"containers\": {}}}'; List",
      })
  void aValueOfAnotherTypeIsRefused(String text, String words) {
    assertThatThrownBy(() -> lean.unmarshal(text, Pod.class))
        .rootCause()
        .hasMessageContaining(words);
  }

  @Test
  void whatIsWrittenIsWhole() {
    Pod pod = whole.unmarshal(POD, Pod.class);
    Pod built = new PodBuilder(pod).build();

    assertThat(lean.asJson(built)).isEqualTo(whole.asJson(pod)).contains("hostNetwork", "managed");
  }
}
