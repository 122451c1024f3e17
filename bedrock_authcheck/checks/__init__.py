"""Rule and evidence in, verdict out: pure functions, one for each rule."""
