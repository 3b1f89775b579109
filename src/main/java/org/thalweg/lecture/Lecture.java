package org.thalweg.lecture;

import java.util.List;
import org.thalweg.device.Device;

/**
 * A lecture on optimization for linear classifiers, claim by claim. Claims, thresholds and seeds were written down before
 * the experiments were made; what turns out false is reported as such.
 */
public final class Lecture {
  private static final List<Lesson> LESSONS =
      List.of(
          new Lesson(
              "random-search",
              "Drawing weights at random and keeping the best is a bad idea: the best of 1,000 draws stays at least 30 points"
                  + " of test accuracy below softmax regression that has been trained for 5 epochs.",
              Baselines::randomSearch),
          new Lesson(
              "numeric-gradient",
              "The numeric gradient is approximate and takes two evaluations for each parameter; the analytic one is exact, fast,"
                  + " and easy to get wrong: so it is checked against the numeric one, and so is its derivative.",
              Baselines::numericGradient),
          new Lesson(
              "flat-bottom",
              "Gradient descent is fast at first and slow on the flat bottom: half of the fall comes in the first tenth of"
                  + " the steps.",
              Baselines::flatBottom),
          new Lesson(
              "learning-rate",
              "On a bowl of condition number 100, whose largest curvature is L and whose smallest mu: a longer step is faster"
                  + " only up to 2/(L+mu); at 1.9/L no fewer steps are needed than there, and at 2.1/L descent diverges.",
              Conditioning::learningRate),
          new Lesson(
              "condition-number",
              "The steps that gradient descent needs grow with the condition number, from 10 to 1,000 by a factor of 50 to 200;"
                  + " with momentum, both at their best learning rates, as its root, by 5 to 20.",
              Conditioning::conditionNumber),
          new Lesson(
              "local-minimum",
              "Gradient descent ends in the local minimum beside the global one; momentum 0.9 goes on through it, from"
                  + " the same 20 of 20 starts.",
              Traps::localMinimum),
          new Lesson(
              "saddle",
              "Near a saddle the gradient is nearly zero, and gradient descent stays; momentum 0.9 passes, from the same 20"
                  + " of 20 starts.",
              Traps::saddle),
          new Lesson(
              "batch-size",
              "The gradient of a minibatch is an estimate whose variance falls as 1/B: within 20 % from 32 rows to 512.",
              Noise::batchSize),
          new Lesson(
              "momentum-noise",
              "Momentum 0.9 averages the noise of the minibatches: it lowers the variance of the step's direction.",
              Noise::momentum),
          new Lesson(
              "two-forms",
              "Momentum with the learning rate inside the velocity and outside of it, and Nesterov's method with a look ahead and"
                  + " written at the current point, are the same sequences: within 1e-12 in binary64.",
              StepSizes::twoForms),
          new Lesson(
              "effective-step",
              "AdaGrad divides by the root of a sum that only grows: its step falls as 1/sqrt(t), within 10 %. RMSProp's sum"
                  + " leaks: its step does not fall.",
              StepSizes::adaptive),
          new Lesson(
              "bias-correction",
              "Adam without bias correction divides by nearly nothing at first: at beta2 = 0.999 its first step is at least 3"
                  + " times as long as with it.",
              StepSizes::biasCorrection),
          new Lesson(
              "newton",
              "Newton's step goes to the bottom of the quadratic model, without a learning rate: on a quadratic one step is"
                  + " all.",
              SecondOrder::newton),
          new Lesson(
              "full-batch",
              "Where the whole data set makes one batch and nothing is noise, L-BFGS: it comes nearer to the optimum than gradient"
                  + " descent, by fewer gradients.",
              SecondOrder::fullBatch),
          new Lesson(
              "regularisation",
              "Regularisation narrows the gap between training and test accuracy: from lambda = 1e-5 to 1e-3.",
              Baselines::regularisation));

  private static final List<Exhibit> EXHIBITS =
      List.of(
          new Exhibit(
              "Side by side on the digits",
              "Softmax regression from the same start on the same minibatches of 32, for 30 epochs.",
              SideBySide::digits),
          new Exhibit(
              "Ways through landscapes",
              "200 steps of each optimizer on functions of two variables, dark where they are small.",
              SideBySide::surfaces));

  private Lecture() {}

  /** In the order of the lecture. */
  public static List<Lesson> lessons() {
    return LESSONS;
  }

  /** What is shown behind them. */
  public static List<Exhibit> exhibits() {
    return EXHIBITS;
  }

  /** Draws an exhibit. */
  public static List<Plate> plates(Exhibit exhibit, Device device) {
    return exhibit.pictures().apply(new Lab(device));
  }

  /** Makes a lesson's experiment. The figures are the same on every device. */
  public static Evidence examine(Lesson lesson, Device device) {
    return lesson.experiment().apply(new Lab(device));
  }
}
