package org.thalweg.lecture;

import java.util.ArrayList;
import java.util.List;
import org.thalweg.compare.Looks;
import org.thalweg.compare.Surface;
import org.thalweg.compare.Surfaces;
import org.thalweg.compare.Trajectory;
import org.thalweg.device.Array;
import org.thalweg.minimize.Backtracking;
import org.thalweg.minimize.ClassifierObjective;
import org.thalweg.minimize.LBfgs;
import org.thalweg.minimize.Minimizer;
import org.thalweg.minimize.Newton;
import org.thalweg.minimize.NewtonCg;
import org.thalweg.minimize.Result;
import org.thalweg.minimize.Stopping;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Sgd;
import org.thalweg.plot.Lines.Axis;
import org.thalweg.plot.Lines.Series;

/** Second-order methods. */
final class SecondOrder {
  private static final double CONDITION = 1000;
  private static final double NEAR = 1e-12;

  private SecondOrder() {}

  static Evidence newton(Laboratory laboratory) {
    Surface bowl = Surfaces.bowl(CONDITION);
    double[] start = bowl.start().numbers();
    double[] end;
    int iterations;
    try (Array from = laboratory.device.of(ElementType.F64, start);
        Result result = new Newton().minimize(bowl.on(laboratory.device, ElementType.F64), from)) {
      end = laboratory.device.download(result.point());
      iterations = result.iterations();
    }
    double distance = Math.hypot(end[0], end[1]);
    Trajectory plain =
        Trajectory.of(
            laboratory.device, bowl, new Sgd(1 / CONDITION), bowl.start(), 500, Laboratory.SEED);
    return new Evidence(
        iterations == 1 && distance <= NEAR,
        ("On a bowl of condition number 1,000, Newton's method stops after %d step,"
                + " %.1e from the bottom; %d steps of gradient descent at 1/L end %.2f from it.")
            .formatted(
                iterations, distance, plain.steps(), Math.hypot(plain.end().x(), plain.end().y())),
        List.of(
            new Figure(
                "newton",
                "One Newton step, and 500 steps of gradient descent.",
                bowl.picture(
                    List.of(
                        new Series(
                            "newton",
                            new double[] {start[0], end[0]},
                            new double[] {start[1], end[1]},
                            Looks.of("momentum")),
                        new Series("gradient descent", plain.x(), plain.y(), Looks.of("sgd")))))));
  }

  static Evidence fullBatch(Laboratory laboratory) {
    double optimum = 0.3323934882816668; // SciPy's L-BFGS-B, lambda = 1e-3
    List<Series> series = new ArrayList<>();
    Result descent = minimize(laboratory, "gradient descent", new Backtracking(), optimum, series);
    Result lbfgs = minimize(laboratory, "L-BFGS", new LBfgs(), optimum, series);
    Result newton = minimize(laboratory, "Newton-CG", new NewtonCg(), optimum, series);
    return new Evidence(
        lbfgs.gradients() < descent.gradients() && lbfgs.value() < descent.value(),
        ("Softmax regression with lambda = 1e-3, at most 300 iterations: gradient"
                + " descent with backtracking comes within %.0e of the minimum with %,d"
                + " gradients, L-BFGS within %.0e with %d, Newton-CG within %.0e with %d and %d"
                + " products with the Hessian.")
            .formatted(
                Math.abs(descent.value() - optimum),
                descent.gradients(),
                Math.abs(lbfgs.value() - optimum),
                lbfgs.gradients(),
                Math.abs(newton.value() - optimum),
                newton.gradients(),
                newton.products()),
        List.of(
            new Figure(
                "full-batch",
                "Loss above the minimum, over iterations; a line ends where the method stops, or"
                    + " where the difference is lost in rounding.",
                Laboratory.chart(
                    new Axis("iteration", true),
                    "loss above the minimum",
                    true,
                    series.toArray(Series[]::new)))));
  }

  private static Result minimize(
      Laboratory laboratory,
      String name,
      Minimizer minimizer,
      double optimum,
      List<Series> series) {
    List<Double> above = new ArrayList<>();
    try (ClassifierObjective f = laboratory.softmax(laboratory.train, 1e-3);
        Array start = laboratory.weights();
        Result result =
            minimizer.minimize(
                f,
                start,
                new Stopping(1e-8, 0, 300),
                (iteration, value, gradient, step) -> above.add(value - optimum))) {
      series.add(Laboratory.series(name, above.stream().mapToDouble(x -> x).toArray()));
      return result;
    }
  }
}
