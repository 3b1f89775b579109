package org.thalweg.device;

/** Work needs more memory than a device has free; nothing has been allocated for it. */
public final class MemoryException extends DeviceException {
  private static final long serialVersionUID = 1L;

  /** What would need less memory. */
  public enum Remedy {
    NONE(""),
    SMALLER_BATCH("; a smaller batch needs less"),
    MINIBATCHES("; a training by minibatches needs less");

    private final String text;

    Remedy(String text) {
      this.text = text;
    }
  }

  private final Remedy remedy;

  private MemoryException(String message, Remedy remedy) {
    super(message);
    this.remedy = remedy;
  }

  /** The remedy that the message suggests. */
  public Remedy remedy() {
    return remedy;
  }

  /**
   * Throws where there is not as much memory.
   *
   * @param what for people, what needs it: {@code "scoring"}
   * @param bytes how much it needs
   * @param free how much there is
   */
  public static void check(String what, long bytes, long free, Device device, Remedy remedy) {
    if (bytes > free) {
      throw new MemoryException(
          "%s needs %s, %s are free on %s%s"
              .formatted(
                  what,
                  MemorySize.text(bytes),
                  MemorySize.text(free),
                  device.description(),
                  remedy.text),
          remedy);
    }
  }
}
