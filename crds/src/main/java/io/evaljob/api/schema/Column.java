package io.evaljob.api.schema;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** A column of {@code kubectl get}, in the order written. */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
@Repeatable(Column.List.class)
public @interface Column {
  /** Heading. */
  String name();

  /** JSON path of the value. */
  String path();

  /** Type as in OpenAPI; {@code date} prints an age. */
  String type() default "string";

  /** Whether only {@code -o wide} shows it. */
  boolean wide() default false;

  /** What the column says. */
  String description();

  /** Container of repeated columns. */
  @Documented
  @Retention(RetentionPolicy.RUNTIME)
  @Target(ElementType.TYPE)
  @interface List {
    /** The columns. */
    Column[] value();
  }
}
