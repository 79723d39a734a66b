"""How Sphinx builds the site from what `docs.site.build` stages."""

from paris.version import __version__

project = "paris-trace"
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 4
default_role = "literal"  # as docstrings write names of things: `ttl`
smartquotes = False  # they would make a dash of `--`
highlight_language = "text"
autodoc_typehints = "signature"
# Types are named as their modules import them, and many are of other projects, whose indexes would
# have to come from a network.
nitpick_ignore_regex = [("py:.*", ".*")]
html_theme = "alabaster"
html_theme_options = {
    "description": "Find every load-balanced path to a host, and draw it",
    "page_width": "1100px",
    "sidebar_width": "260px",
    "fixed_sidebar": True,
}
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
