"""Keeps the page of results: each command has a section of its own, which a run replaces. Pure."""

import re


def replaced(page: str, name: str, section: str) -> str:
    """Return the page with a command's section replaced, or added at its end.

    A section stands between `<!-- bench: NAME -->` and `<!-- /bench: NAME -->`.
    """
    opening, closing = f"<!-- bench: {name} -->", f"<!-- /bench: {name} -->"
    text = f"{opening}\n\n{section.strip()}\n\n{closing}"
    known = re.compile(re.escape(opening) + ".*?" + re.escape(closing), re.DOTALL)
    if known.search(page):
        return known.sub(lambda _: text, page)
    return f"{page.rstrip()}\n\n{text}\n"
