/**
 * Pictures as PNG files, drawn without a display: learning curves, templates, confusion matrices,
 * contours. Internal: it serves the command and the lecture, and may change at any time.
 */
package org.thalweg.plot;
