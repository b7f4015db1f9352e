"""Parts of the static evaluator: files, objects, expressions, statements, classes, calls."""
