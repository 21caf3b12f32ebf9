"""Opening, reading and drawing of PDFs and pictures, in limited child processes.

`pool` is for the worker; everything else runs in the children. Only the children import pymupdf and PIL.
"""
