"""How Sphinx builds these pages: `make docs`. Nothing here needs a network."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
# The extensions, and the overtone of this checkout rather than an installed one.
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

import overtone  # noqa: E402 - after the path

project = "overtone"
author = "The overtone authors"
copyright = "The overtone authors, Apache-2.0"  # noqa: A001 - Sphinx's name
version = release = overtone.__version__

extensions = [
    "docs.extensions.reference",
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build"]
highlight_language = "none"
nitpicky = False
smartquotes_action = "qe"  # quotes and dots, no dashes: --option is two

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
myst_links_external_new_tab = False

default_role = "code"  # docstrings have single backticks
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
maximum_signature_line_length = 80

html_theme = "furo"
html_title = "overtone"
html_static_path = ["_static"]
html_css_files = ["overtone.css"]
html_show_sphinx = False
html_copy_source = False
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#7a3e9d",
        "color-brand-content": "#7a3e9d",
        "font-stack": "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif",
        "font-stack--monospace": "ui-monospace, 'SF Mono', Menlo, 'DejaVu Sans Mono', monospace",
    },
    "dark_css_variables": {
        "color-brand-primary": "#c99be6",
        "color-brand-content": "#c99be6",
    },
}
