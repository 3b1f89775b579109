package org.thalweg.minimize;

/** Why a minimiser stopped. */
public enum Reason {
  /** Converged. */
  GRADIENT("the gradient is within the tolerance"),
  CHANGE("the value changes by less than the tolerance"),
  ITERATIONS("the iterations are used up"),
  STOPPED("it was told to stop before it had arrived"),
  /** No step along a descent direction finds a better point, however short. */
  ROUNDING(
      "no step in the direction of the search lowers the value by more than rounding: a minimum or"
          + " a kink as far as the arithmetic shows, or variables of very different scales"),
  WRONG_GRADIENT(
      "the value rises where its gradient says that it falls: the gradient is wrong, or lost in"
          + " rounding"),
  NO_DESCENT("the computed direction does not lead down: its numbers are too large or too small"),
  UNBOUNDED("the value falls without end: the function has no minimum in this direction"),
  /** A fixed step was too long. */
  NOT_FINITE("the step leads to where the function or its gradient is not finite: it is too long"),
  HESSIAN(
      "the Hessian is singular or indefinite here, so that its quadratic has no lowest point; more"
          + " damping may give it one, unless variables are of very different scales");

  private final String sentence;

  Reason(String sentence) {
    this.sentence = sentence;
  }

  /** The same in words, to follow "stopped: ". */
  public String sentence() {
    return sentence;
  }
}
