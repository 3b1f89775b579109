package org.thalweg.device;

/** A device cannot be opened, or has failed in what the message says it was doing. */
public class DeviceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** With a message for the user. */
  public DeviceException(String message) {
    super(message);
  }

  /** With a message for the user and the cause. */
  public DeviceException(String message, Throwable cause) {
    super(message, cause);
  }
}
