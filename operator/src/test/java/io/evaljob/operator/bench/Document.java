package io.evaljob.operator.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where the table goes: between two marks, the text around which is people's. */
record Document(Path file) {

  private static final String BEGIN = "<!-- operator/bench/run writes from here -->\n";
  private static final String END = "<!-- to here -->\n";

  void write(String table) throws IOException {
    String text = Files.exists(file) ? Files.readString(file) : "";
    int begin = text.indexOf(BEGIN);
    int end = text.indexOf(END);
    Files.writeString(
        file,
        begin < 0 || end < begin
            ? table
            : text.substring(0, begin + BEGIN.length())
                + "\n"
                + table
                + "\n"
                + text.substring(end));
    System.out.println("\n" + table + "\nwritten to " + file);
  }
}
