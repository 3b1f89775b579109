package org.thalweg.lecture;

import java.util.List;
import org.thalweg.device.Device;

/**
 * A university lecture on optimization for linear classifiers (random search, gradient descent,
 * momentum, AdaGrad, RMSProp, Adam, second-order methods), claim by claim. In this code base "the
 * lecture" is this one. The thresholds were written down before the experiments were made; numbers
 * of steps and learning rates were chosen with them. Where a claim holds only under a condition,
 * the claim says so, and the figures show what happens outside of it.
 */
public final class Lecture {
  private static final List<Lesson> LESSONS =
      List.of(
          new Lesson(
              "random-search",
              "Drawing weights at random and keeping the best is a bad idea: the best of 1,000"
                  + " draws stays at least 30 points of test accuracy below softmax regression that"
                  + " has been trained for 5 epochs.",
              Baselines::randomSearch),
          new Lesson(
              "numeric-gradient",
              "The numeric gradient is approximate and takes two evaluations for each parameter;"
                  + " the analytic one is exact, fast, and easy to get wrong: so it is checked"
                  + " against the numeric one, and so is its derivative.",
              Baselines::numericGradient),
          new Lesson(
              "flat-bottom",
              "Gradient descent is fast at first and slow on the flat bottom: at a learning rate of"
                  + " 0.1, half of the fall in 1,000 steps comes in the first tenth of them.",
              Baselines::flatBottom),
          new Lesson(
              "learning-rate",
              "On a bowl of condition number 100, whose largest curvature is L and whose smallest"
                  + " mu, gradient descent converges best at a learning rate of 2/(L+mu): at 1.9/L"
                  + " it needs no fewer steps, and at 2.1/L it diverges.",
              Conditioning::learningRate),
          new Lesson(
              "condition-number",
              "The steps that gradient descent needs grow with the condition number, from 10 to"
                  + " 1,000 by a factor of 50 to 200; with momentum, both at their best learning"
                  + " rates, as its root, by 5 to 20.",
              Conditioning::conditionNumber),
          new Lesson(
              "local-minimum",
              "Gradient descent ends in the local minimum beside the global one; momentum 0.9 goes"
                  + " on through it, from the same 20 of 20 starts.",
              Traps::localMinimum),
          new Lesson(
              "saddle",
              "Near a saddle the gradient is nearly zero: gradient descent is still there when"
                  + " momentum 0.9 has passed, from the same 20 of 20 starts. (That it converges to"
                  + " the saddle, as is often said, is true only of a start exactly on its stable"
                  + " manifold.)",
              Traps::saddle),
          new Lesson(
              "batch-size",
              "The gradient of a minibatch of independently drawn rows is an estimate whose"
                  + " variance falls as 1/B: within 20 % from 32 rows to 512.",
              Noise::batchSize),
          new Lesson(
              "momentum-noise",
              "Momentum 0.9 averages the noise of the minibatches: it lowers the variance of the"
                  + " step's direction.",
              Noise::momentum),
          new Lesson(
              "two-forms",
              "Momentum with the learning rate inside the velocity and outside of it, and"
                  + " Nesterov's method with a look ahead and written at the current point, are the"
                  + " same sequences: within 1e-12 in binary64.",
              StepSizes::twoForms),
          new Lesson(
              "effective-step",
              "AdaGrad divides by the root of a sum that only grows: its step falls as 1/sqrt(t),"
                  + " within 10 %. RMSProp's sum leaks: once it is full, its step does not fall.",
              StepSizes::adaptive),
          new Lesson(
              "bias-correction",
              "Adam without bias correction divides by nearly nothing at first: at beta2 = 0.999"
                  + " its first step is at least 3 times as long as with it.",
              StepSizes::biasCorrection),
          new Lesson(
              "newton",
              "Newton's step goes to the bottom of the quadratic model, without a learning rate: on"
                  + " a quadratic one step is all.",
              SecondOrder::newton),
          new Lesson(
              "full-batch",
              "Where the whole data set makes one batch and nothing is noise, L-BFGS: it comes"
                  + " nearer to the optimum than gradient descent, by fewer gradients.",
              SecondOrder::fullBatch),
          new Lesson(
              "regularisation",
              "Regularisation narrows the gap between training and test accuracy: from lambda ="
                  + " 1e-5 to 1e-3.",
              Baselines::regularisation));

  private static final List<Demonstration> DEMONSTRATIONS =
      List.of(
          new Demonstration(
              "Side by side on the digits",
              "Softmax regression from the same start on the same minibatches of 32, for 30 epochs."
                  + " Each has the learning rate, of five or a few more, with which four fifths"
                  + " of the training rows lead to the smallest loss on the others.",
              SideBySide::digits),
          new Demonstration(
              "Trajectories over surfaces",
              "200 steps of each optimizer on functions of two variables, dark where they are"
                  + " small; each at the best of five learning rates or a few more.",
              SideBySide::surfaces));

  private Lecture() {}

  /** In the order of the lecture. */
  public static List<Lesson> lessons() {
    return LESSONS;
  }

  /** Pictures that follow the lessons. */
  public static List<Demonstration> demonstrations() {
    return DEMONSTRATIONS;
  }

  /** Computes the pictures of a demonstration. */
  public static List<Figure> figures(Demonstration demonstration, Device device) {
    return demonstration.pictures().apply(new Laboratory(device));
  }

  /** Runs a lesson's experiment. The figures are the same on every device. */
  public static Evidence examine(Lesson lesson, Device device) {
    return lesson.experiment().apply(new Laboratory(device));
  }
}
