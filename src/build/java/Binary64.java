import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.ImportTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * Writes the loops in binary64 that the sources have in binary32, before they are compiled:
 *
 * <ul>
 *   <li>For a class {@code FloatX}, the class {@code DoubleX}.
 *   <li>Of a type {@code X} that says it implements or extends {@code X64}, the interface {@code
 *       X64}: X's methods with a float among their parameters, in binary64.
 * </ul>
 *
 * <p>A loop in {@code X} that reads a component of the record calls its accessor, which {@code X64}
 * has too.
 *
 * <p>Arguments: the folder of the sources, the folder to write to.
 */
public final class Binary64 {
  private static final Pattern LITERAL = Pattern.compile("\\b[0-9][0-9.]*(?:e[-+]?[0-9]+)?[fF]\\b");
  private static final Pattern BINARY32 = Pattern.compile("\\bfloat\\b");

  /** The generated files, written now or unchanged since an earlier run. */
  private static final Set<Path> WRITTEN = new HashSet<>();

  private final Path folder;
  private final CompilationUnitTree unit;
  private final String source;
  private final SourcePositions positions;

  private Binary64(Path folder, CompilationUnitTree unit, Trees trees) throws IOException {
    this.folder = folder;
    this.unit = unit;
    source = unit.getSourceFile().getCharContent(true).toString();
    positions = trees.getSourcePositions();
  }

  public static void main(String[] args) throws IOException {
    List<Path> files = javaFiles(Path.of(args[0]));
    Path folder = Files.createDirectories(Path.of(args[1]));
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
      var sources = manager.getJavaFileObjectsFromPaths(files);
      JavacTask task = (JavacTask) compiler.getTask(null, manager, null, null, null, sources);
      Trees trees = Trees.instance(task);
      for (CompilationUnitTree unit : task.parse()) {
        new Binary64(folder, unit, trees).writeTwins();
      }
    }
    for (Path file : javaFiles(folder)) {
      if (!WRITTEN.contains(file)) {
        Files.delete(file); // of a class that is gone
      }
    }
  }

  private static List<Path> javaFiles(Path folder) throws IOException {
    try (Stream<Path> tree = Files.walk(folder)) {
      return tree.filter(file -> file.toString().endsWith(".java")).toList();
    }
  }

  private void writeTwins() throws IOException {
    ClassTree outer = (ClassTree) unit.getTypeDecls().stream().findFirst().orElse(null);
    if (outer == null) {
      return; // package-info
    }
    String name = outer.getSimpleName().toString();
    if (name.startsWith("Float")) {
      write(widened(name), widened(source));
    }
    Stream<ClassTree> nested =
        outer.getMembers().stream().filter(ClassTree.class::isInstance).map(ClassTree.class::cast);
    for (ClassTree type : Stream.concat(Stream.of(outer), nested).toList()) {
      String twin = type.getSimpleName() + "64";
      List<String> parents =
          Stream.concat(
                  type.getImplementsClause().stream(), Stream.ofNullable(type.getExtendsClause()))
              .map(Object::toString)
              .collect(Collectors.toList());
      if (parents.remove(twin)) {
        write(twin, interfaceOf(type, twin, parents));
      }
    }
  }

  private String interfaceOf(ClassTree type, String twin, List<String> parents) {
    StringBuilder text = new StringBuilder("package " + unit.getPackageName() + ";\n\n");
    String methods = methods(type);
    for (ImportTree imported : unit.getImports()) {
      String name = imported.getQualifiedIdentifier().toString();
      if (methods.contains(name.substring(name.lastIndexOf('.') + 1))) {
        text.append(imported);
      }
    }
    return text.append("\n/** %s in binary64. */\n".formatted(type.getSimpleName()))
        .append("interface %s extends %s {\n".formatted(twin, String.join(", ", parents)))
        .append(methods)
        .append("}\n")
        .toString();
  }

  private String methods(ClassTree type) {
    StringBuilder text = new StringBuilder();
    for (Tree member : type.getMembers()) {
      if (member instanceof MethodTree method && computes(method)) {
        String body = widened(text(method));
        boolean plain = method.getBody() == null || body.startsWith("private");
        text.append("  ").append(plain ? body : body.replaceFirst("public |default ", "default "));
        text.append("\n\n");
      }
    }
    for (Tree member : type.getMembers()) {
      if (member instanceof VariableTree field // of a record, its component
          && type.getKind() == Tree.Kind.RECORD
          && text.indexOf(field.getName() + "()") >= 0) {
        text.append("  %s %s();\n".formatted(field.getType(), field.getName()));
      }
    }
    return text.toString();
  }

  private static boolean computes(MethodTree method) {
    return method.getParameters().stream()
        .anyMatch(parameter -> BINARY32.matcher(parameter.getType().toString()).find());
  }

  private String text(Tree tree) {
    return source.substring(
        (int) positions.getStartPosition(unit, tree), (int) positions.getEndPosition(unit, tree));
  }

  /** Of a loop. 0.1f is refused: as a double it would still be a float. */
  private static String widened(String text) {
    Matcher literal = LITERAL.matcher(text);
    if (literal.find()) {
      throw new IllegalArgumentException(
          "%s has no twin in binary64: cast a double, (float) 0.1".formatted(literal.group()));
    }
    return text.replace("(float) ", "")
        .replaceAll("\\bfloat(?=s?\\b)", "double")
        .replaceAll("\\bFloat", "Double")
        .replace("F32", "F64");
  }

  private void write(String name, String text) throws IOException {
    Path file =
        folder.resolve(unit.getPackageName().toString().replace('.', '/')).resolve(name + ".java");
    WRITTEN.add(file);
    // A file that has not changed keeps its date: the compiler has no more to do than before.
    if (!Files.exists(file) || !Files.readString(file).equals(text)) {
      Files.createDirectories(file.getParent());
      Files.writeString(file, text);
    }
  }
}
