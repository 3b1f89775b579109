package org.thalweg.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/** The standard output of the process. Writers swallow its first error, so it is kept here. */
final class StandardOutput extends OutputStream {
  private final FileOutputStream stream = new FileOutputStream(FileDescriptor.out);
  private @Nullable IOException first;

  @Override
  public void write(int one) throws IOException {
    write(new byte[] {(byte) one}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int from, int n) throws IOException {
    try {
      stream.write(bytes, from, n);
    } catch (IOException e) {
      first = first == null ? e : first;
      throw e;
    }
  }

  /** Why not all was written; null where all was, or the reader of a pipe wanted no more. */
  @Nullable String failure() {
    return first == null || "Broken pipe".equals(first.getMessage()) ? null : first.getMessage();
  }
}
