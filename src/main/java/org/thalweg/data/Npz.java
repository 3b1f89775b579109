package org.thalweg.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;
import java.util.zip.ZipException;

/**
 * The arrays of an .npz file: a ZIP archive of .npy files. One that is stored as it is can be
 * mapped where it lies; one that is compressed is unpacked to a temporary file first. (PKWARE, .ZIP
 * File Format Specification, 4.3, with its ZIP64 fields, which NumPy writes.)
 */
final class Npz {
  private static final int END = 0x06054b50;
  private static final int END_64 = 0x06064b50;
  private static final int LOCATOR_64 = 0x07064b50;
  private static final int ENTRY = 0x02014b50;
  private static final int LOCAL = 0x04034b50;
  private static final long MANY = 0xffffffffL; // the number stands in a ZIP64 field
  private static final int MOST_COMMENT = 0xffff;
  private static final int MOST_DIRECTORY = 1 << 24;
  private static final String NPY = ".npy";

  private final Path path;
  private final FileChannel file;
  private final Map<String, Member> members = new LinkedHashMap<>();

  /**
   * A file in the archive.
   *
   * @param method 0 for stored, 8 for compressed by DEFLATE
   * @param crc CRC-32 of the bytes that are unpacked
   * @param packed bytes in the archive
   * @param size bytes that are unpacked
   * @param local where its own header begins
   */
  private record Member(int method, int crc, long packed, long size, long local) {}

  private Npz(Path path, FileChannel file) {
    this.path = path;
    this.file = file;
  }

  /** What is done with an archive while it is open. */
  interface Use<T> {
    T of(Npz npz) throws IOException;
  }

  /**
   * Opens an archive.
   *
   * @throws DataException if it is none
   */
  static <T> T read(Path path, Use<T> use) {
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
      Npz npz = new Npz(path, file);
      npz.readDirectory();
      return use.of(npz);
    } catch (IOException e) {
      throw DataException.reading(path, e);
    }
  }

  /** The names of its arrays. */
  Iterable<String> names() {
    return members.keySet();
  }

  /** What the header of an array says, which is not unpacked. */
  Elements header(String name) throws IOException {
    Member member = member(name);
    long start = start(name, member);
    if (member.method == 0) {
      return Npy.read(path, text(name), (at, to) -> file.read(to, start + at), start, member.size);
    }
    try (InputStream in = unpacked(start)) {
      long[] read = {0};
      Npy.Source inOrder =
          (at, to) -> {
            if (at != read[0]) {
              throw new IllegalStateException("a header is read from its first byte on");
            }
            byte[] some = in.readNBytes(to.remaining());
            to.put(some);
            read[0] += some.length;
            return some.length == 0 ? -1 : some.length;
          };
      return Npy.read(path, text(name), inOrder, 0, member.size);
    } catch (ZipException e) {
      throw wrong(start, "%s is damaged: %s".formatted(name, e.getMessage()));
    }
  }

  /** An array that can be mapped: where it lies, or where it has been unpacked to. */
  Elements open(String name) throws IOException {
    Elements header = header(name);
    Member member = member(name);
    if (member.method == 0) {
      return header;
    }
    Path to = Files.createTempFile("thalweg", NPY);
    to.toFile().deleteOnExit(); // if it is not opened
    long room = Files.getFileStore(to).getUsableSpace();
    if (member.size > room) {
      Files.delete(to);
      throw new DataException(
          "%s: %d bytes when unpacked, and %s has room for %d: save it by numpy.savez, which does"
                  .formatted(text(name), member.size, to.getParent(), room)
              + " not compress");
    }
    try {
      unpack(name, member, to);
    } catch (IOException | DataException e) {
      Files.deleteIfExists(to);
      throw e;
    }
    return new Elements(
        to,
        text(name),
        header.kind(),
        header.bytes(),
        header.fortran(),
        header.shape(),
        header.start(),
        true);
  }

  private void unpack(String name, Member member, Path to) throws IOException {
    long start = start(name, member);
    try (InputStream in = unpacked(start);
        OutputStream out = Files.newOutputStream(to)) {
      CRC32 crc = new CRC32();
      byte[] piece = new byte[1 << 16];
      long found = 0;
      for (int n = in.read(piece); n >= 0 && found <= member.size; n = in.read(piece)) {
        out.write(piece, 0, n);
        crc.update(piece, 0, n);
        found += n;
      }
      if (found != member.size || (int) crc.getValue() != member.crc) {
        throw wrong(start, name + " is damaged: its checksum is wrong");
      }
    } catch (ZipException e) {
      throw wrong(start, "%s is damaged: %s".formatted(name, e.getMessage()));
    }
  }

  private String text(String name) {
    return path + "#" + name;
  }

  private Member member(String name) {
    Member member = members.get(name);
    if (member == null) {
      throw new IllegalArgumentException(name);
    }
    return member;
  }

  private InputStream unpacked(long start) throws IOException {
    FileChannel own = FileChannel.open(path, StandardOpenOption.READ);
    own.position(start);
    InputStream all = Channels.newInputStream(own);
    return new InflaterInputStream(all, new Inflater(true), 1 << 16) {
      @Override
      public void close() throws IOException {
        super.close();
        inf.end();
      }
    };
  }

  /** Where the bytes of a member begin. */
  private long start(String name, Member member) throws IOException {
    if (member.method != 0 && member.method != 8) {
      throw wrong(member.local, "%s is packed by a method that is not read".formatted(name));
    }
    ByteBuffer local = bytes(member.local, 30);
    if (local.getInt(0) != LOCAL) {
      throw wrong(member.local, "no file of a ZIP archive begins here");
    }
    if ((local.getShort(6) & 1) != 0) {
      throw wrong(member.local, name + " is encrypted");
    }
    long start =
        member.local
            + 30
            + Short.toUnsignedInt(local.getShort(26))
            + Short.toUnsignedInt(local.getShort(28));
    if (start + member.packed > file.size()
        || (member.method == 0 && member.packed != member.size)) {
      throw wrong(member.local, name + " has more bytes than are there");
    }
    return start;
  }

  private void readDirectory() throws IOException {
    long size = file.size();
    int n = (int) Math.min(size, 22 + MOST_COMMENT);
    ByteBuffer end = bytes(size - n, n);
    int at = n - 22;
    while (at >= 0 && end.getInt(at) != END) {
      at--;
    }
    if (at < 0) {
      throw wrong(0, "no ZIP archive, as an .npz file is, or one that is cut off");
    }
    long entries = Short.toUnsignedLong(end.getShort(at + 10));
    long length = Integer.toUnsignedLong(end.getInt(at + 12));
    long begin = Integer.toUnsignedLong(end.getInt(at + 16));
    if (at >= 20 && end.getInt(at - 20) == LOCATOR_64) {
      long place = end.getLong(at - 12);
      ByteBuffer large = bytes(place, 56);
      if (large.getInt(0) != END_64) {
        throw wrong(place, "no end of a ZIP64 directory");
      }
      entries = large.getLong(32);
      length = large.getLong(40);
      begin = large.getLong(48);
    }
    if (length < 0 || length > MOST_DIRECTORY || begin < 0 || begin > size - length) {
      throw wrong(size - n + at, "the ZIP archive has no room for its directory");
    }
    readEntries(bytes(begin, (int) length), begin, entries);
    if (members.isEmpty()) {
      throw wrong(begin, "the archive has no array: no file in it ends in .npy");
    }
  }

  private void readEntries(ByteBuffer directory, long begin, long entries) throws IOException {
    for (long i = 0; i < entries; i++) {
      int at = directory.position();
      if (directory.remaining() < 46 || directory.getInt(at) != ENTRY) {
        throw wrong(begin + at, "no entry of a ZIP directory");
      }
      int nameLength = Short.toUnsignedInt(directory.getShort(at + 28));
      int extraLength = Short.toUnsignedInt(directory.getShort(at + 30));
      int commentLength = Short.toUnsignedInt(directory.getShort(at + 32));
      if (directory.remaining() < 46 + nameLength + extraLength + commentLength) {
        throw wrong(begin + at, "an entry of the ZIP directory breaks off");
      }
      byte[] name = new byte[nameLength];
      directory.position(at + 46).get(name);
      long[] numbers = { // in the order in which they stand in a ZIP64 field
        Integer.toUnsignedLong(directory.getInt(at + 24)),
        Integer.toUnsignedLong(directory.getInt(at + 20)),
        Integer.toUnsignedLong(directory.getInt(at + 42))
      };
      large(directory.slice(at + 46 + nameLength, extraLength), numbers, begin + at);
      String text = new String(name, StandardCharsets.UTF_8);
      int method = directory.getShort(at + 10);
      int crc = directory.getInt(at + 16);
      if (text.endsWith(NPY)) {
        String array = text.substring(0, text.length() - NPY.length());
        Member member = new Member(method, crc, numbers[1], numbers[0], numbers[2]);
        if (members.put(array, member) != null) {
          throw wrong(begin + at, "a second array is called " + Csv.quote(array));
        }
      }
      directory.position(at + 46 + nameLength + extraLength + commentLength);
    }
  }

  /** Replaces those numbers of an entry that stand in its ZIP64 field. */
  private void large(ByteBuffer extra, long[] numbers, long place) {
    extra.order(ByteOrder.LITTLE_ENDIAN);
    while (extra.remaining() >= 4) {
      int id = extra.getShort();
      int length = Math.min(Short.toUnsignedInt(extra.getShort()), extra.remaining());
      int next = extra.position() + length;
      for (int i = 0; id == 1 && i < numbers.length; i++) {
        if (numbers[i] == MANY && next - extra.position() >= Long.BYTES) {
          numbers[i] = extra.getLong();
        }
      }
      extra.position(next);
    }
    for (long number : numbers) {
      if (number < 0 || number > Long.MAX_VALUE / 2) {
        throw wrong(place, "an entry of the ZIP directory with an impossible size");
      }
    }
  }

  private ByteBuffer bytes(long at, int n) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(n).order(ByteOrder.LITTLE_ENDIAN);
    while (at >= 0 && bytes.hasRemaining()) {
      if (file.read(bytes, at + bytes.position()) < 0) {
        break;
      }
    }
    if (bytes.hasRemaining()) {
      throw wrong(Math.max(0, at), "the ZIP archive is cut off");
    }
    return bytes.flip();
  }

  private DataException wrong(long at, String problem) {
    return Npy.wrong(path.toString(), at, problem);
  }
}
