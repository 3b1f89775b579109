package org.thalweg;

import static java.util.Map.entry;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.source.tree.BlockTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.ConditionalExpressionTree;
import com.sun.source.tree.IfTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreeScanner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The arithmetic in binary64 is the arithmetic in binary32 with other types. Most of it is
 * generated (src/build/java/Binary64.java); this holds the rest to it. A method's twin has its name
 * and parameters with {@code double} where they say {@code float}, in names as well; so has the
 * other branch of an {@code if}. The texts must be the same, and each loop in binary32 must have a
 * twin.
 */
class Binary64Test {
  private static final Path SOURCES = Path.of("src/main/java/org/thalweg");

  /** The folders whose loops compute. */
  private static final List<String> ARITHMETIC = List.of("numeric", "optim", "loss", "device/java");

  /** What differs or stands alone, and why. */
  private static final Map<String, String> DIFFERENT =
      Map.ofEntries(
          entry("Device.upload(Array, float[])", "doubles go to arrays of any type"),
          entry("ElementType.ofCell(long)", "a cell holds 32 bits or 64"),
          entry("Exact.bf16(float, int)", "bf16 is made of binary32"),
          entry("Exact.bits(float)", "an int of bits, a long of bits"),
          entry("Exact.exp(float)", "ours in binary32, fdlibm's in binary64"),
          entry("Exact.log(float)", "ours in binary32, fdlibm's in binary64"),
          entry("JavaArray.read(int, int, double[])", "from any type to binary64"),
          entry("JavaArray.read(int, int, float[])", "bf16 is made of binary32"),
          entry("JavaDevice.tensors(List<Parameter>, int)", "bf16 has masters in binary32"),
          entry("ByteVectorScaling.widen(byte[], int, float, float[], int)", "as widenPlain"),
          entry("JavaGather.widenBf16(short[], int, int, float[], int)", "bf16 fits binary32"),
          entry(
              "JavaGather.widenHalves(short[], int, int, float[], int)", "binary16 fits binary32"),
          entry("JavaGather.widenPlain(byte[], int, float, float[], int)", "a byte fits binary32"),
          entry(
              "JavaLoss.of(Loss, JavaArray, JavaArray, int, double, long)",
              "the loss's numbers come in binary64"),
          entry("JavaTensor.round(Workers, long, int)", "bf16 has masters in binary32"),
          entry("VectorExp.exp(float[], int)", "ours in binary32, fdlibm's in binary64"));

  private static final Pattern BINARY32 = Pattern.compile("(?i)float");
  private static final Pattern LOOP = Pattern.compile("\\b(for|while) \\(");

  /** All methods that have a body, by class, name and types of parameters. */
  private static final Map<String, Method> METHODS = new TreeMap<>();

  private record Method(String name, Path file, MethodTree tree, String text) {
    boolean computes() {
      return ARITHMETIC.stream().anyMatch(folder -> file.startsWith(SOURCES.resolve(folder)));
    }
  }

  /** Two texts of one thing. */
  private record Pair(String name, String binary32, String binary64) {
    boolean same() {
      return widened().equals(binary64);
    }

    private String widened() {
      return Binary64Test.widened(binary32.replace("(float)", ""))
          .replaceAll("(?<=\\d)F\\b", "") // 1.0F
          .replace("F32", "F64");
    }

    /** The lines that differ. */
    @Override
    public String toString() {
      List<String> expected = widened().lines().toList();
      List<String> actual = binary64.lines().toList();
      StringBuilder text = new StringBuilder(name);
      for (int i = 0; i < Math.max(expected.size(), actual.size()); i++) {
        String e = i < expected.size() ? expected.get(i) : "";
        String a = i < actual.size() ? actual.get(i) : "";
        if (!e.equals(a)) {
          text.append("\n  binary32, widened: ").append(e);
          text.append("\n  binary64:          ").append(a);
        }
      }
      return text.append('\n').toString();
    }
  }

  private static String widened(String text) {
    return text.replace("float", "double").replace("Float", "Double");
  }

  /** As javac prints it: without comments, in one style; and without indentation. */
  private static String text(Tree tree) {
    return tree.toString().replaceAll("(?m)^\\s+", "");
  }

  @BeforeAll
  static void parse() throws IOException {
    List<Path> files;
    try (Stream<Path> tree = Files.walk(SOURCES)) {
      files = tree.filter(file -> file.toString().endsWith(".java")).toList();
    }
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
      var sources = manager.getJavaFileObjectsFromPaths(files);
      JavacTask task = (JavacTask) compiler.getTask(null, manager, null, null, null, sources);
      for (CompilationUnitTree unit : task.parse()) {
        Path file = Path.of(unit.getSourceFile().getName());
        unit.accept(
            new TreeScanner<Void, ClassTree>() {
              @Override
              public Void visitClass(ClassTree type, ClassTree outer) {
                return super.visitClass(type, type);
              }

              @Override
              public Void visitMethod(MethodTree method, ClassTree type) {
                if (method.getBody() != null && !isGenerated(method, type, file)) {
                  String name =
                      method.getParameters().stream()
                          .map(parameter -> parameter.getType().toString())
                          .collect(
                              Collectors.joining(
                                  ", ", type.getSimpleName() + "." + method.getName() + "(", ")"));
                  METHODS.put(name, new Method(name, file, method, text(method)));
                }
                return super.visitMethod(method, type);
              }
            },
            null);
      }
    }
  }

  /** Whether the build writes its twin. */
  private static boolean isGenerated(MethodTree method, ClassTree type, Path file) {
    String name = type.getSimpleName().toString();
    return file.getFileName().toString().startsWith("Float")
        || (method.getParameters().toString().contains("float")
            && type.getImplementsClause().toString().contains(name + "64"));
  }

  /** The branches in a method of which one is in binary32 and the other is not. */
  private static List<Pair> branches(Method method) {
    List<Pair> pairs = new ArrayList<>();
    method.tree.accept(
        new TreeScanner<Void, Void>() {
          @Override
          public Void visitIf(IfTree tree, Void none) {
            if (tree.getElseStatement() instanceof BlockTree) {
              compare(tree.getThenStatement(), tree.getElseStatement());
            }
            return super.visitIf(tree, null);
          }

          @Override
          public Void visitConditionalExpression(ConditionalExpressionTree tree, Void none) {
            compare(tree.getTrueExpression(), tree.getFalseExpression());
            return super.visitConditionalExpression(tree, null);
          }

          private void compare(Tree one, Tree other) {
            boolean first = BINARY32.matcher(text(one)).find();
            if (first != BINARY32.matcher(text(other)).find()) {
              pairs.add(
                  new Pair(method.name, text(first ? one : other), text(first ? other : one)));
            }
          }
        },
        null);
    return pairs;
  }

  @Test
  void textsAreTheSame() {
    List<Pair> pairs = new ArrayList<>();
    List<String> alone = new ArrayList<>();
    for (Method method : METHODS.values()) {
      String twin = widened(method.name);
      if (!twin.equals(method.name) && METHODS.containsKey(twin)) {
        pairs.add(new Pair(method.name, method.text, METHODS.get(twin).text));
      } else if (method.computes()) {
        String rest = method.text;
        for (Pair branches : branches(method)) {
          pairs.add(branches);
          rest = rest.replace(branches.binary32, "");
        }
        if (BINARY32.matcher(rest).find() && LOOP.matcher(rest).find()) {
          alone.add(method.name);
        }
      }
    }
    List<Pair> differing = pairs.stream().filter(pair -> !pair.same()).toList();
    List<String> found = new ArrayList<>(alone);
    differing.forEach(pair -> found.add(pair.name));
    assertEquals(
        new TreeSet<>(DIFFERENT.keySet()),
        new TreeSet<>(found),
        () ->
            "without a twin: %s; different: %s"
                .formatted(
                    alone.stream().filter(name -> !DIFFERENT.containsKey(name)).toList(),
                    differing.stream().filter(p -> !DIFFERENT.containsKey(p.name)).toList()));
    assertTrue(pairs.size() > differing.size(), "no pair was found that is the same");
  }
}
