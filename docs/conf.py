"""The pages as a site: `tox -e docs`."""

project = "bedrock-authcheck"
author = "the bedrock-authcheck maintainers"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
html_theme = "furo"
html_title = project
myst_heading_anchors = 3
# Links to files of the repository are for readers of it; the site leaves them as they are.
suppress_warnings = ["myst.xref_missing"]
