package org.thalweg.lecture;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;
import org.thalweg.optim.Traits;
import org.thalweg.plot.Picture;

/** The lecture as a web page: index.html with its pictures beside it, and no other resources. */
public final class Gallery {
  /** The page's name. */
  public static final String INDEX = "index.html";

  private static final String STYLE =
      """
      body { font: 16px/1.5 sans-serif; max-width: 60em; margin: 2em auto }
      body { padding: 0 1em; color: #222 }
      section { margin: 3em 0 }
      h2 { margin-bottom: .2em }
      .claim { font-style: italic }
      .holds, .fails { font-weight: bold }
      .holds { color: #00694b }
      .fails { color: #b2182b }
      figure { margin: 1em 0 }
      figcaption { color: #555 }
      img { max-width: 100%; height: auto }
      table { border-collapse: collapse }
      th, td { padding: .2em .8em; border-bottom: 1px solid #ccc; text-align: center }
      th:first-child, td:first-child { text-align: left; font-family: monospace }
      footer { color: #555; margin: 3em 0 }
      """;

  /** Draws pictures. */
  public interface Easel {
    /**
     * Draws a picture to a file of that name beside the page. Returns whether the file was written.
     */
    boolean draw(String file, Picture picture) throws IOException;
  }

  private final Easel easel;
  private final StringBuilder sections = new StringBuilder();

  /** Starts an empty page. */
  public Gallery(Easel easel) {
    this.easel = easel;
  }

  /** Adds a lesson with its pictures. */
  public void add(Lesson lesson, Evidence evidence) throws IOException {
    sections
        .append("<section id=\"%s\">\n".formatted(lesson.name()))
        .append("<h2>%s</h2>\n".formatted(title(lesson)))
        .append("<p class=\"claim\">%s</p>\n".formatted(text(lesson.claim())))
        .append(
            "<p><span class=\"%s\">%s</span> %s</p>\n"
                .formatted(
                    evidence.holds() ? "holds" : "fails",
                    evidence.holds() ? "Holds." : "Does not hold.",
                    text(evidence.measured())));
    pictures(evidence.figures());
    sections.append("</section>\n");
  }

  /** Adds a demonstration. */
  public void add(Demonstration demonstration, List<Figure> figures) throws IOException {
    sections.append(
        "<section>\n<h2>%s</h2>\n<p>%s</p>\n"
            .formatted(text(demonstration.title()), text(demonstration.sentence())));
    pictures(figures);
    sections.append("</section>\n");
  }

  private void pictures(List<Figure> figures) throws IOException {
    for (Figure figure : figures) {
      String file = figure.name() + ".png";
      if (!easel.draw(file, figure.picture())) {
        continue;
      }
      sections.append(
          "<figure><img src=\"%s\" alt=\"%s\"/><figcaption>%s</figcaption></figure>\n"
              .formatted(file, text(figure.caption()), text(figure.caption())));
    }
  }

  /**
   * Writes the page.
   *
   * @param index a new file
   * @param device that the experiments were made on
   */
  public void write(Path index, String device) throws IOException {
    String page =
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8"/>
        <meta name="viewport" content="width=device-width"/>
        <title>Thalweg: optimization, claim by claim</title>
        <style>
        %s</style>
        </head>
        <body>
        <h1>Optimization, claim by claim</h1>
        <p>What a lecture says about optimizers. Each claim is tested by an experiment, with
        pictures and figures. The thresholds were written down before the experiments were made;
        numbers of steps and learning rates were chosen with these. The figures are the same on
        every device.</p>
        %s%s<footer>Computed by Thalweg on: %s.
        The digits: E. Alpaydin and C. Kaynak, 1998, CC BY 4.0.</footer>
        </body>
        </html>
        """
            .formatted(STYLE, sections, optimizers(), text(device));
    Files.writeString(index, page, StandardCharsets.UTF_8, StandardOpenOption.CREATE_NEW);
  }

  private static String optimizers() {
    StringBuilder rows = new StringBuilder();
    for (Optimizer rule : Optimizers.all()) {
      Traits traits = rule.definition().traits();
      rows.append(
          "<tr><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td></tr>\n"
              .formatted(
                  rule.name(),
                  mark(traits.first()),
                  mark(traits.second()),
                  mark(traits.leaky()),
                  mark(traits.corrected())));
    }
    return """
    <section id="optimizers">
    <h2>The optimizers</h2>
    <p>Which of them keeps a first moment (a running mean of gradients, or a velocity), which a
    second, which forgets old squares, and which corrects the bias of moments that begin at
    zero.</p>
    <table>
    <tr><th>optimizer</th><th>first moment</th><th>second moment</th><th>leaky</th>
    <th>bias correction</th></tr>
    %s</table>
    </section>
    """
        .formatted(rows);
  }

  private static String mark(boolean has) {
    return has ? "yes" : "–";
  }

  private static String title(Lesson lesson) {
    String words = lesson.name().replace('-', ' ');
    return Laboratory.capital(words);
  }

  private static String text(String plain) {
    return plain
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
