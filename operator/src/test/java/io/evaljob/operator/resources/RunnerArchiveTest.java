package io.evaljob.operator.resources;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TimeZone;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;

class RunnerArchiveTest {
  @Test
  void sameSourcesGiveTheSameBytesInAnyOrderAndTimeZone() {
    Map<String, byte[]> oneWay = new LinkedHashMap<>();
    oneWay.put("evaljob_runner/a.py", bytes("a = 1\n"));
    oneWay.put("__main__.py", bytes("import evaljob_runner\n"));
    Map<String, byte[]> otherWay = new LinkedHashMap<>();
    otherWay.put("__main__.py", bytes("import evaljob_runner\n"));
    otherWay.put("evaljob_runner/a.py", bytes("a = 1\n"));
    RunnerArchive first = RunnerArchive.of(oneWay);
    TimeZone zone = TimeZone.getDefault();
    RunnerArchive second;
    try {
      TimeZone.setDefault(TimeZone.getTimeZone("Pacific/Kiritimati"));
      second = RunnerArchive.of(otherWay);
    } finally {
      TimeZone.setDefault(zone);
    }
    assertThat(second).isEqualTo(first);
    // Pinned: another value means that every namespace gets a new ConfigMap.
    assertThat(first.sha256())
        .isEqualTo("910d256e11d7f0a4e7bb4703c6a2f518622da60c1b0113c03dae730c3aff8684");
    assertThat(Names.runner(first)).matches("evaljob-runner-[0-9a-z]{10}");
  }

  @Test
  void entriesAreSortedAndStored() throws IOException {
    RunnerArchive archive =
        RunnerArchive.of(Map.of("b.py", bytes("b"), "a.py", bytes("a"), "__main__.py", bytes("m")));
    List<String> names = new ArrayList<>();
    try (ZipInputStream zip = new ZipInputStream(new ByteArrayInputStream(archive.bytes()))) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        names.add(entry.getName());
        assertThat(entry.getMethod()).isEqualTo(ZipEntry.STORED);
      }
    }
    assertThat(names).containsExactly("__main__.py", "a.py", "b.py");
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
