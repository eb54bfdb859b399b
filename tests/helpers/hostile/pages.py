"""What is to run, load or lie in somebody else's browser, terminal or spreadsheet."""

from __future__ import annotations

from nbformat.v4 import new_markdown_cell, new_raw_cell

from hostile.entries import code, edited

BEACON = "http://127.0.0.1:@PORT@/@MARK@"
RUN = f"window.ran=1;new Image().src='{BEACON}/run'"
# Whatever of it runs, or loads, is heard of by the server on 127.0.0.1.
HTML = f"""\
<script>{RUN}; fetch("{BEACON}/script")</script>
<img src="{BEACON}/picture" onerror="{RUN}"><img src=x onerror="fetch('{BEACON}/error')">
<svg onload="{RUN}"><image href="{BEACON}/svg"/></svg>
<style>@import url({BEACON}/style); body {{background: url({BEACON}/body)}}</style>
<link rel="stylesheet" href="{BEACON}/link"><iframe src="{BEACON}/frame"></iframe>
<meta http-equiv="refresh" content="0; url={BEACON}/refresh"><base href="{BEACON}/base/">
<video src="{BEACON}/video" autoplay></video><object data="{BEACON}/object"></object>
<form action="{BEACON}/form"><input name="q" autofocus onfocus="{RUN}"></form>
<p style="background: url({BEACON}/p); position: fixed; top: 0">Score: 4 / 4</p>
<a id="x" href="javascript:{RUN}" ping="{BEACON}/ping">a link</a>
</pre></div></body></html><script>{RUN}</script>
"""
MARKDOWN = f"""\
![picture]({BEACON}/markdown "title") [link](javascript:alert(1)) [data](data:text/html,hostile)

[![nested]({BEACON}/nested)][1]

$\\href{{javascript:{RUN}}}{{x}}$ $$\\require{{html}}\\style{{position:fixed}}{{x}}$$

$$\\unicode{{x</script><script>{RUN}</script>}}$$

[1]: {BEACON}/reference
"""


# What reaches the page of a Jupyter server by ways that HTML does not take.
LATEX = f"""\
$\\href{{javascript:{RUN}}}{{x}}$ $\\style{{position:fixed}}{{x}}$
$\\text{{<script>{RUN}</script>}}$

\\begin{{equation}}\\href{{javascript:{RUN}}}{{x}}\\end{{equation}}
"""
MERMAID = f"```mermaid\n</pre><script>{RUN}</script>\n```"
# The server obeys some addresses: this one reads a configuration, which is a program.
SERVER = """\
![](/formgrader?path=/tmp/@MARK@) ![](../../../../../logout) [here](/formgrader?path=/tmp/@MARK@)

<img src="/formgrader?path=/tmp/@MARK@"> <a href="/api/terminals?@MARK@">a link</a>
"""
COVERING = """\
</div></div></div></div></div><div class="navbar-fixed-top modal" id="notebook">Score: 4 / 4</div>

<details><div>
"""
PICTURE = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)


def _attach(notebook) -> None:
    """Pictures that are there, missing, none, and called like code."""
    pictures = {
        "sketch.png": {"image/png": PICTURE},
        "odd.svg": {"image/svg+xml": HTML},
        "quote.png": {"image/png": f'x" onerror="{RUN}'},
        "kind.png": {f'image/png" onerror="{RUN}': PICTURE},
        f'"><script>{RUN}</script>': {"image/png": PICTURE},
        "list.png": ["image/png"],
    }
    odd = [*list(pictures)[4:], "<img src=x onerror=alert(1)>"]
    plain = [*list(pictures)[:4], "list.png", "missing.png"]
    texts = ["\n\n".join(f"![a picture](<attachment:{name}>)" for name in odd)]
    texts.append("\n\n".join(f"![a picture](attachment:{name})" for name in plain))
    texts.append(
        "![by reference][r]\n\n"
        '<img src="attachment:sketch.png" width="300">\n\n[r]: attachment:missing.png'
    )
    for text in texts:
        notebook.cells.append(new_markdown_cell(text))
        notebook.cells[-1]["attachments"] = pictures


def _spoil(notebook) -> None:
    notebook.metadata["title"] = f"</title><script>{RUN}</script>"
    notebook.metadata["authors"] = [{"name": HTML}]
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": HTML}}
    notebook.cells += [new_raw_cell(HTML), new_markdown_cell(HTML)]
    notebook.cells[-1]["attachments"] = {"x": {"image/svg+xml": HTML}}
    for cell in notebook.cells:
        cell.metadata["tags"] = [f'"><script>{RUN}</script>']
        if cell.cell_type == "code":
            cell.outputs = [
                {"output_type": "display_data", "data": {"text/html": HTML}, "metadata": {}}
            ]


SHOW = "from IPython.display import *\nfrom IPython.display import publish_display_data\n"
KINDS = [
    "text/html", "image/svg+xml", "application/javascript", "text/markdown", "text/latex",
    "text/plain", "image/png", "application/vnd.jupyter.widget-view+json", "image/jpeg",
]  # fmt: skip

ENTRIES = [
    code("page-html", "HTML in an output", f"{SHOW}display(HTML('''{HTML}'''))"),
    code("page-script", "scripts in outputs of every kind",
         f"{SHOW}kinds = KINDS\npublish_display_data({{kind: '''{HTML}''' for kind in kinds}})\n"
         f"print('''{HTML}''')".replace("KINDS", str(KINDS))),
    code("page-picture", "a picture that is none, and ends its own tag",
         f"{SHOW}odd = '''x\" onerror=\"{RUN}\" onload=\"{RUN}\">'''\n"
         "publish_display_data({'image/png': odd, 'text/plain': odd},\n"
         "    metadata={'image/png': {'width': odd, 'alt': odd}, 'isolated': True})"),
    code("page-error", "HTML in the message of an error",
         f"class Odd(Exception): pass\nraise Odd('''{HTML}''')"),
    code("page-error-in-a-call", "HTML in the message of an error of a judged call",
         double=f"def double(values):\n    raise ValueError('''{HTML}'''[:590])", marks=(0, 1, 0),
         told="double failed: ValueError: <script>"),
    code("page-class-name", "HTML in the name of a class that the message quotes",
         double="def double(values):\n"
         f"    return type('''<script>{RUN}</script>''', (), {{}})()",
         marks=(0, 1, 0), told="cannot be read"),
    code("page-written-html", "HTML in a written answer", why=HTML),
    code("page-written-markdown", "pictures, links and formulas in a written answer", why=MARKDOWN),
    code("page-written-alone", "a comment that never ends in a written answer",
         why="<!-- <title><textarea><plaintext><xmp><noscript><math><annotation-xml>"),
    code("page-written-latex", "links and styles in formulas", why=LATEX),
    code("page-written-diagram", "a script in a diagram's source", why=MERMAID),
    code("page-written-server", "addresses that a Jupyter server obeys", why=SERVER),
    code("page-written-covering", "elements that end the page's own", why=COVERING),
    edited("page-attachments", "attachments that are no pictures, and missing ones", _attach),
    edited("page-metadata", "HTML in metadata, raw cells, attachments and old outputs", _spoil),
    code("page-source", "HTML in the source of a cell", f"'''{HTML}'''"),
    code("page-terminal", "control characters in messages, outputs and errors",
         "print('\\x1b]0;hostile\\x07\\x1b[2J\\x1b[31m', '\\u202e', '\\x00\\x08\\x7f\\r')",
         double="def double(values):\n"
         "    raise ValueError('\\x1b]0;hostile\\x07\\x1b[2J \\u202e\\x00 =1+1')",
         marks=(0, 1, 0), told="double failed"),
    code("page-markup", "markup of the terminal's library in a message",
         double="def double(values):\n    raise ValueError('[bold red][/nothing] [link=http://x]a')",
         marks=(0, 1, 0), told="[bold red]"),
    code("page-template", "a template in the source, the output and the answer",
         "print('{{ 7 * 7 }} {% raw %} ${7*7}')", why="{{ 7 * 7 }} {% include '/etc/passwd' %}"),
]  # fmt: skip
