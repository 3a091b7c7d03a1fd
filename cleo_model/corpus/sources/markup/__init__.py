"""Marked-up documents as text for a model: prose, lists, tables and code fences; no navigation, scripts or comments.

markdown, mdx, rst, asciidoc, html ─> blocks ─> one light Markdown, whatever the document was written in
"""
