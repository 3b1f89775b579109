package org.thalweg.numeric;

import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.zip.ZipException;

/** Why a file could not be read or written, in words. */
public final class Reason {
  private Reason() {}

  /** The reason, without the file. */
  public static String of(IOException e) {
    if (e instanceof NoSuchFileException) {
      return "no such file";
    }
    if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (e instanceof FileAlreadyExistsException) {
      return "there is such a file already";
    }
    if (e instanceof NotDirectoryException) {
      return "not a folder";
    }
    if (e instanceof DirectoryNotEmptyException) {
      return "the folder is not empty";
    }
    if (e instanceof EOFException) {
      return "it ends too early";
    }
    if (e instanceof ZipException) {
      return "its compressed data are damaged";
    }
    if (e instanceof CharacterCodingException) {
      return "not text in UTF-8";
    }
    String words = e instanceof FileSystemException system ? system.getReason() : e.getMessage();
    return words == null ? "the system gives no reason" : words;
  }

  /** File and reason, as far as they are known. */
  public static String withFile(IOException e) {
    String file = e instanceof FileSystemException system ? system.getFile() : null;
    return (file == null ? "" : file + ": ") + of(e);
  }
}
