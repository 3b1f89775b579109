package org.thalweg.device.cuda;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.Array;
import org.thalweg.device.Parameter;
import org.thalweg.device.Rows;
import org.thalweg.numeric.Exact;

/**
 * Makes fewer launches of those of a recorded step, with the same bits in the same arrays. A kernel
 * of {@code kernels/fused.cu} does what several others do, where each of its blocks needs nothing
 * that another block computes:
 *
 * <ul>
 *   <li>gather, scores, loss and tally of one small classifier in binary32;
 *   <li>the gradient of its weights and bias, and their update.
 * </ul>
 *
 * An update that is the last of the step ends it, too. All else stays as it was recorded.
 */
final class Fusion {
  private final List<Enqueue> done = new ArrayList<>();

  private Fusion() {}

  /** Does the same as this step. */
  static List<Enqueue> of(List<Enqueue> step) {
    Fusion fusion = new Fusion();
    for (Enqueue work : step) {
      fusion.done.add(work);
      fusion.joinForward();
      fusion.joinBackward();
      fusion.joinEnd();
    }
    return fusion.done;
  }

  /** The launch before the last n, if it does such an operation. */
  private <T extends Operation> @Nullable T before(int n, Class<T> kind) {
    int at = done.size() - 1 - n;
    return at >= 0 && done.get(at) instanceof Launch launch && kind.isInstance(launch.operation())
        ? kind.cast(launch.operation())
        : null;
  }

  private void joinForward() {
    Operation.Gather gather = before(3, Operation.Gather.class);
    Operation.Multiply product = before(2, Operation.Multiply.class);
    Operation.Losses loss = before(1, Operation.Losses.class);
    Operation.Tally tally = before(0, Operation.Tally.class);
    if (gather == null || product == null || loss == null || tally == null) {
      return;
    }
    boolean fits =
        product.size().models() == 1
            && product.size().rows() <= Exact.CHUNK
            && product.size().rows() == gather.labels().count()
            && gather.steps() == tally.steps()
            && same(product.left(), gather.x())
            && same(loss.scores(), product.out())
            && same(loss.labels(), gather.labels())
            && loss.classes() == product.size().columns()
            && same(tally.rowLoss(), loss.rowLoss())
            && same(tally.rowCorrect(), loss.rowCorrect());
    Array results = tally.steps().results();
    Rows rows = gather.rows();
    List<Array> gathered = List.of(gather.x(), gather.labels());
    List<Array> written =
        List.of(loss.scores(), loss.gradient(), loss.rowLoss(), loss.rowCorrect(), results);
    List<@Nullable Array> read =
        Arrays.asList(
            rows.values(),
            rows.labels(),
            rows.affine(),
            gather.order(),
            product.right(),
            product.bias());
    if (fits && apart(gathered, written) && apart(gathered, read) && apart(written, read)) {
      String kind = launch(1).kernel().replaceAll("^few_|_f32$", "");
      String kernel = launch(3).kernel().replace("gather_", "forward_" + kind + "_");
      int blocks = ProductTile.ceil(product.size().rows(), ProductTile.NARROW.rows());
      replace(4, launch(2).joined(kernel, blocks, tail(4), null));
    }
  }

  private void joinBackward() {
    Operation.MultiplyTransposed product = before(1, Operation.MultiplyTransposed.class);
    Operation.Update update = before(0, Operation.Update.class);
    if (product == null || update == null || !update.byGradient() || product.size().models() != 1) {
      return;
    }
    List<Parameter> parameters = update.tensors().parameters();
    List<Array> gradients =
        Stream.of(product.out(), product.ones()).filter(Objects::nonNull).toList();
    // Behind a product by cuBLAS comes one of no rows but that of ones.
    long outputs = (long) product.size().rows() * product.size().columns();
    boolean whole = outputs == product.out().count();
    List<Array> operands = List.of(product.left(), product.right());
    boolean fits =
        whole
            && parameters.size() == gradients.size()
            && apart(List.of(update.tensors().memory()), operands);
    for (int i = 0; fits && i < gradients.size(); i++) {
      fits =
          same(parameters.get(i).gradient(), gradients.get(i))
              && apart(List.of(parameters.get(i).value()), operands);
    }
    if (fits) {
      String kernel = "backward_" + launch(0).kernel();
      replace(2, launch(1).joined(kernel, launch(1).blocks(), tail(2), update));
    }
  }

  private void joinEnd() {
    Operation.Update update = before(1, Operation.Update.class);
    Operation.Advance advance = before(0, Operation.Advance.class);
    if (update != null && advance != null && update.steps() == advance.steps()) {
      replace(2, launch(1).withLast(1));
    }
  }

  private List<Launch> tail(int n) {
    return IntStream.range(0, n).mapToObj(i -> launch(n - 1 - i)).toList();
  }

  private Launch launch(int before) {
    return (Launch) done.get(done.size() - 1 - before);
  }

  private void replace(int n, Launch by) {
    done.subList(done.size() - n, done.size()).clear();
    done.add(by);
  }

  /** Whether two arrays are the same elements. */
  private static boolean same(Array a, Array b) {
    return ((CudaArray) a).address() == ((CudaArray) b).address()
        && a.count() == b.count()
        && a.type() == b.type();
  }

  /** Whether no element is in an array of both. */
  private static boolean apart(List<Array> some, List<@Nullable Array> others) {
    return some.stream().noneMatch(a -> others.stream().anyMatch(b -> b != null && a.overlaps(b)));
  }
}
