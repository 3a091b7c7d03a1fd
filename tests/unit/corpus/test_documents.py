"""Documents are parsed: prose and code stay, and navigation, scripts, comments and addresses of links go."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow
import pytest

from cleo_model.corpus.sources.formats import SUFFIXES, detect
from cleo_model.errors import MalformedRecord, SourceError
from tests.unit.corpus.conftest import LIMIT, read

pytestmark = pytest.mark.unit

WANTED = """# The press

Clean the press with `brush` before the shift. See the handbook.

## Steps

- Stop it.
- Clean it.

```python
press.stop()

press.clean()
```

| part | size |
| valve | 3 |

That is all."""
MARKDOWN = """---
title: The press
---
<!-- a comment -->
[![build](https://e.org/badge.svg)](https://e.org)

Clean the **press** with `brush` before the
shift. See [the handbook](https://e.org/handbook?session=1).

## Steps

* Stop it.
* Clean it.

```python
press.stop()

press.clean()
```

| part  | size |
| ----- | ---- |
| valve | 3    |

<script>track()</script>

That is all.
"""
DOCUMENTS = {
    "a.md": MARKDOWN,
    "a.markdown": MARKDOWN,
    "a.mdx": MARKDOWN.replace(
        "---\n<!-- a comment -->",
        "---\nimport Tabs from '@theme/Tabs';\nimport {\n  A,\n} from 'b';\n\nexport const meta = {\n  a: 1\n}\n\n"
        "{/* a comment */}\n<Tabs>\n",
    ).replace("That is all.", "</Tabs>\n\nThat is all."),
    "a.rst": """.. _press:

The press
=========

.. a comment
   of two lines

.. toctree::
   :maxdepth: 1

   other

.. include:: /etc/passwd

.. raw:: html

   <script>track()</script>

Clean the **press** with ``brush`` before the
shift. See `the handbook <https://e.org/handbook>`_.

Steps
-----

* Stop it.
* Clean it.

.. code-block:: python
   :linenos:

   press.stop()

   press.clean()

======  ======
part    size
======  ======
valve   3
======  ======

That is all.
""",
    "a.adoc": """= The press
:toc:
:author: A. Nobody

// a comment
////
another
////
include::/etc/passwd[]
image::press.png[]

Clean the *press* with `brush` before the
shift. See https://e.org/handbook[the handbook].

== Steps

* Stop it.
* Clean it.

[source,python]
----
press.stop()

press.clean()
----

|===
|part |size

|valve |3
|===

That is all.
""",
    "a.html": """<!DOCTYPE html><html><head><title>Handbook</title><style>p {}</style><script>track()</script></head>
<body>
<nav><ul><li>Home</li></ul></nav><div class="sidebar">Other pages</div><!-- a comment -->
<main><h1>The press<a class="headerlink" href="#">¶</a></h1>
<p>Clean the <b>press</b> with <code>brush</code> before the
shift. See <a href="https://e.org">the handbook</a>.</p><h2>Steps</h2>
<ul><li>Stop it.</li><li><p>Clean it.</p></li></ul>
<pre><code class="language-python">press.stop()

press.clean()
</code></pre><table><thead><tr><th>part</th><th>size</th></tr></thead><tr><td>valve<td>3</table>
<p>That is all.<p hidden>Not this.</main><footer>© Nobody</footer></body></html>""",
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_marked_up_document_is_parsed(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(DOCUMENTS[name])
    (text,) = read(tmp_path / name).texts
    # A simple table of reStructuredText has no cells to tell apart within a line.
    wanted = WANTED.replace("| part | size |\n| valve | 3 |", "part    size\nvalve   3") if name == "a.rst" else WANTED
    assert text == wanted


def test_code_of_every_length_of_fence_is_kept_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("Like so:\n\n````md\n```py\nx = 1\n```\n````\n\n    indented()\n")
    (text,) = read(tmp_path / "a.md").texts
    assert text == "Like so:\n\n````md\n```py\nx = 1\n```\n````\n\n```\nindented()\n```"


def test_nested_lists_and_quotes_keep_their_order(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("1. one\n   - inner\n2. two\n\n   more\n\n> said\n> so\n")
    (text,) = read(tmp_path / "a.md").texts
    assert text == "1. one\n   - inner\n2. two\n\n   more\n\n> said so"


def test_nothing_outside_a_document_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    entity = f'<!DOCTYPE html [<!ENTITY x SYSTEM "file://{secret}">]><p>Text with &x; in it and a few words.</p>'
    for name, content in {
        "a.html": entity,
        "a.xhtml": f'<?xml version="1.0"?>{entity}',
        "a.rst": f"Text.\n\n.. include:: {secret}\n\n.. literalinclude:: {secret}\n",
        "a.adoc": f"Text.\n\ninclude::{secret}[]\n",
        "a.md": f"Text.\n\n![x]({secret})\n",
    }.items():
        (tmp_path / name).write_text(content)
        (text,) = read(tmp_path / name).texts
        assert "Text" in text
        assert "the secret" not in text


@pytest.mark.timeout(240)
def test_entities_that_grow_and_elements_without_end_cost_neither_time_nor_stack(tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 20))
    (tmp_path / "lol.xhtml").write_text(f'<!DOCTYPE html [<!ENTITY e0 "lol">{entities}]><p>Some words &e19; here.</p>')
    (tmp_path / "deep.html").write_text("<div>" * 50_000 + "The text below it all.")
    (tmp_path / "deep.md").write_text("> " * 20_000 + "text\n\n" + "[" * 20_000 + "\n\n" + "* " * 5_000 + "a")
    found = read(tmp_path, max_skipped=1.0)
    assert all(len(text) < 200_000 for text in found.texts)


# A parser that looks at every pair of the signs is not done within this time; one that is linear takes a second.
@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", ["a.md", "a.mdx", "a.rst", "a.adoc", "a.html"])
@pytest.mark.parametrize(
    "sign", ["*a ", "_a", "`a ", "[", "![", "[a](b", "{/*", "= a" + " " * 50, "a", ":a:`b ", "|a", "<a "]
)
def test_a_line_that_no_person_wrote_takes_no_time(tmp_path: Path, name: str, sign: str) -> None:
    (tmp_path / name).write_text("Some words.\n\n" + sign * (40_000 // len(sign)) + "b\n")
    assert read(tmp_path / name).texts[0].startswith("Some words.")


def test_a_page_in_the_encoding_that_it_states_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_bytes('<meta charset="iso-8859-1"><p>Le café “est” là.</p>'.encode("cp1252"))
    assert read(tmp_path / "a.html").texts == ["Le café “est” là."]


MAIL = b"""From anna@mail.example Mon Jan  1 00:00:00 2024
From: Anna <anna@mail.example>
To: desk@mail.example
Subject: =?utf-8?B?w6nDqW4=?=
X-Spam-Score: 3
Received: from somewhere
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64

VGhlIFZQTiBpcyBkb3duLg==

From otto@mail.example Mon Jan  1 00:00:00 2024
From: otto@mail.example
Subject: Two parts
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/html; charset=latin-1

<p>The <b>caf\xe9</b> is open.</p><script>x</script>
--b
Content-Type: application/pdf
Content-Disposition: attachment; filename=a.pdf

JVBERi0=
--b--

From empty@mail.example Mon Jan  1 00:00:00 2024
Subject: Nothing

"""


def test_mail_is_its_headers_that_matter_and_its_text(tmp_path: Path) -> None:
    (tmp_path / "a.mbox").write_bytes(MAIL)
    found = read(tmp_path / "a.mbox")
    assert found.texts == [
        "Subject: één\nFrom: Anna <anna@mail.example>\nTo: desk@mail.example\n\nThe VPN is down.",
        "Subject: Two parts\nFrom: otto@mail.example\n\nThe café is open.",
    ]
    assert found.account.dropped["no text in it"].examples == ["a.mbox, message 3"]
    assert found.account.changed["attachments of a mail were left out"].count == 1


def pdf(*lines: str) -> bytes:
    """A small PDF with one line of text on each page."""
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(lines)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(lines)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, line in enumerate(lines):
        page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >>"
        objects.append(f"{page} /Contents {5 + 2 * number} 0 R >>")
        content = f"BT /F1 12 Tf 72 720 Td ({line}) Tj ET" if line else ""
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    data, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(data))
        data += f"{number} 0 obj\n{each}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    head = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
    tail = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(data)}\n%%EOF\n"
    return data + (head + tail).encode()


def test_the_text_of_a_pdf_is_read_and_a_scanned_one_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf("The press is cleaned before each shift.", "The valve is closed at night by the guard."))
    (text,) = read(path).texts
    assert " ".join(text.split()) == (
        "The press is cleaned before each shift. The valve is closed at night by the guard."
    )
    path.write_bytes(pdf("", ""))
    with pytest.raises(SourceError, match="its pages are pictures") as caught:
        read(path)
    assert "ocrmypdf" in (caught.value.hint or "")
    path.write_bytes(pdf("x")[:60])
    with pytest.raises(SourceError, match="not a PDF file that can be read"):
        read(path)


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
@pytest.mark.parametrize("inner", ["a.txt", "a.jsonl", "a.md", "a.csv", "a.mbox"])
def test_packed_files_are_read_as_what_is_in_them(tmp_path: Path, packing: str, inner: str) -> None:
    content = {
        "a.txt": b"A text.", "a.jsonl": b'{"text": "A text."}\n', "a.md": b"A *text*.\n",
        "a.csv": b"id,text\n1,A text.\n",
        "a.mbox": b"From x\nSubject: s\n\nA text.\n",
    }[inner]  # fmt: skip
    packed = (
        gzip.compress(content) if packing == "gzip" else bytes(pyarrow.Codec("zstd").compress(content, asbytes=True))
    )
    path = tmp_path / f"{inner}.{'gz' if packing == 'gzip' else 'zst'}"
    path.write_bytes(packed)
    (text,) = read(path).texts
    assert text.endswith("A text.")
    path.write_bytes(packed[:-6])
    with pytest.raises(SourceError, match="cannot be unpacked"):
        read(path)


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.txt.gz", "a.json.gz", "a.csv.gz", "a.mbox.gz"])
def test_a_packed_file_made_to_fill_a_memory_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    start = b"id,text\n" if name == "a.csv.gz" else b""
    path.write_bytes(gzip.compress(start + b"x" * 2**27, 1))
    with pytest.raises(SourceError, match=r"unpacks to more than|larger than|not JSON|has 1 cells"):
        read(path, limit=LIMIT)


def test_a_table_is_read_by_its_named_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id;subject;body\n1;VPN;"It drops; after\nlunch"\n2;Dock;It does not wake.\n\n')
    assert read(path).texts == ["It drops; after\nlunch", "It does not wake."]
    assert read(path, text_field="subject").texts == ["VPN", "Dock"]
    with pytest.raises(SourceError, match="has no text in its field 'story' "):
        read(path, text_field="story")
    pairs = tmp_path / "b.tsv"
    pairs.write_text("question\tanswer\nIs it clean?\tIt is clean.\n")
    assert read(pairs).talks[0][1]["content"] == "It is clean."


def test_a_json_file_may_hold_records_in_any_of_the_usual_ways(tmp_path: Path) -> None:
    one, two = '{"text": "one"}', '{"text": "two"}'
    for content in (
        f"[{one},\n{two}]", f"{one}\n{two}\n", f"{one} {two}", f'{{"version": 1, "data": [{one}, {two}]}}',
        f'{{"a": {one}, "b": {two}}}', '["one", "two"]',
    ):  # fmt: skip
        (tmp_path / "a.json").write_text(content)
        assert read(tmp_path / "a.json").texts == ["one", "two"], content
    (tmp_path / "a.json").write_text(one)
    assert read(tmp_path / "a.json").texts == ["one"]
    (tmp_path / "a.json").write_text(f"[{one},\n{two},\n{{]")
    with pytest.raises(MalformedRecord, match=r"a\.json is not JSON: .* at line 3"):
        read(tmp_path / "a.json", on_error="stop")


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("id,id\n1,2\n", "one is twice there"),
        ("id,text\n1,a,b\n", "row 1 has 3 cells, and the first line names 2 columns"),
        ('id,text\n1,"' + "x" * (LIMIT + 10), "no row of a table: field larger than field limit"),
    ],
)
def test_a_table_that_is_none_is_named(tmp_path: Path, content: str, named: str) -> None:
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(SourceError, match=named):
        read(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n" + b"x" * 99, "a picture"),
        (b"PK\x03\x04" + b"x" * 99, "an archive"),
        (b"a\x00b" * 9, "binary"),
    ],
)
def test_what_holds_no_text_is_refused_whatever_it_is_called(tmp_path: Path, data: bytes, kind: str) -> None:
    (tmp_path / "a.txt").write_bytes(data)
    with pytest.raises(SourceError, match=f"{kind}.*, and holds no text"):
        read(tmp_path / "a.txt")


def test_the_format_is_told_by_suffix_and_content_and_can_be_stated(tmp_path: Path) -> None:
    assert detect("a.txt", b"<!DOCTYPE html><p>") == "html"
    assert detect("a.json", b'{"text": 1}\n{"text": 2}\n') == "jsonl"
    assert detect("a.json", b'{\n "data": []}') == detect("a.jsonl", b"[\n{}") == "json"
    assert detect("README", b"text") == "text"
    assert detect("x.bin", b"PAR1...") == "parquet"
    assert detect("a.docx", b"x") is None
    assert all(detect(f"A{suffix.upper()}", b"text") for suffix in SUFFIXES)
    (tmp_path / "notes.foo").write_text("A *text*.")
    (tmp_path / "other.txt").write_text("Other.")
    assert read(tmp_path).texts == ["Other."]
    assert read(tmp_path, format="markdown").texts == ["A text.", "Other."]
