"""The look of an HTML page: fonts and colours of the figures, with nothing loaded from elsewhere."""

from __future__ import annotations

from prism.drawing import style

CSS = f"""
:root {{ color-scheme: light; }}
* {{ box-sizing: border-box; }}
body {{ margin: 0; background: white; color: {style.INK};
  font: 14px/1.5 "DejaVu Sans", Verdana, sans-serif; }}
main {{ max-width: 980px; margin: 0 auto; padding: 36px 28px 48px; }}
h1 {{ font-size: 25px; line-height: 1.2; margin: 0; }}
h2 {{ font-size: 15.5px; margin: 40px 0 4px; padding-top: 14px; border-top: 1px solid {style.RULE}; }}
p {{ margin: 6px 0 12px; max-width: 76ch; }}
.facts, .small, figcaption, footer {{ color: {style.NOTE}; font-size: 12px; }}
.facts {{ margin: 6px 0 0; max-width: none; }}
.finding {{ border-left: 4px solid {style.NOTE}; padding: 2px 0 2px 14px; margin: 16px 0; }}
.finding.warning {{ border-color: {style.WARNING}; }}
.finding.fine {{ border-color: {style.FINE}; }}
.finding p {{ margin: 2px 0; }}
.finding .subject {{ font-weight: bold; }}
.finding .subject span {{ color: {style.NOTE}; font-weight: normal; font-size: 12px; margin-left: 8px; }}
.finding dl {{ margin: 4px 0 0; font-size: 12.5px; display: grid; grid-template-columns: 92px 1fr; gap: 1px 8px; }}
dt {{ color: {style.NOTE}; }}
dd {{ margin: 0; max-width: 80ch; }}
figure {{ margin: 14px 0 0; }}
svg {{ display: block; }}
figcaption {{ margin-top: 10px; max-width: 84ch; }}
.pair {{ display: grid; grid-template-columns: 1fr 1fr; gap: 28px; align-items: start; }}
@media (max-width: 760px) {{ .pair {{ grid-template-columns: 1fr; }} }}
.scroll {{ overflow-x: auto; margin-top: 14px; }}
table {{ border-collapse: collapse; font-size: 12px; font-variant-numeric: tabular-nums; min-width: 60%; }}
th, td {{ padding: 4px 13px 4px 0; text-align: right; white-space: nowrap; }}
th {{ font-weight: normal; color: {style.NOTE}; border-bottom: 1px solid {style.RULE}; vertical-align: bottom; }}
th:first-child, td:first-child, td.words, th.words {{ text-align: left; }}
td.words {{ white-space: normal; }}
tbody tr + tr td {{ border-top: 1px solid #F0F0F0; }}
details {{ margin-top: 14px; font-size: 12.5px; }}
summary {{ cursor: pointer; color: {style.NOTE}; }}
li {{ margin: 2px 0; }}
footer {{ margin-top: 44px; padding-top: 12px; border-top: 1px solid {style.RULE}; overflow-wrap: anywhere; }}
"""


def document(title: str, body: str) -> str:
    """A whole HTML page.

    title: plain text, already escaped.
    body: HTML.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{CSS}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )
