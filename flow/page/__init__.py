"""The page that a person looks at: one HTML file, without scripts, that needs nothing else.

Each module makes what one section shows; ``templates/`` holds the HTML and the style.
"""

from flow.page.render import PAGE, render_page, write_page

__all__ = ["PAGE", "render_page", "write_page"]
