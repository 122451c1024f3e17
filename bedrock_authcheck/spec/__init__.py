"""The specification as data: rules with sources, operations, known deviations."""
