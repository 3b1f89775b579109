package org.thalweg.numeric;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Map;
import java.util.zip.ZipException;
import org.junit.jupiter.api.Test;

class ReasonTest {
  @Test
  void everyKindIsInWords() {
    Map<IOException, String> words =
        Map.ofEntries(
            Map.entry(new NoSuchFileException("a"), "a: no such file"),
            Map.entry(new AccessDeniedException("a"), "a: permission denied"),
            Map.entry(new FileAlreadyExistsException("a"), "a: there is such a file already"),
            Map.entry(new NotDirectoryException("a"), "a: not a folder"),
            Map.entry(new DirectoryNotEmptyException("a"), "a: the folder is not empty"),
            Map.entry(new FileSystemException("a", null, "Is a directory"), "a: Is a directory"),
            Map.entry(new FileSystemException("a"), "a: the system gives no reason"),
            Map.entry(new EOFException("Unexpected end of ZLIB input"), "it ends too early"),
            Map.entry(new ZipException("invalid block"), "its compressed data are damaged"),
            Map.entry(new MalformedInputException(1), "not text in UTF-8"),
            Map.entry(new FileNotFoundException("a (Is a directory)"), "a (Is a directory)"),
            Map.entry(new IOException("No space left on device"), "No space left on device"),
            Map.entry(new IOException(), "the system gives no reason"));
    words.forEach((failure, text) -> assertEquals(text, Reason.withFile(failure)));
  }
}
