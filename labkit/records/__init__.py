"""The lab book: every run kept, in one SQLite file that is never overwritten."""

from labkit.records.book import LabBook
from labkit.records.entries import Entry
from labkit.records.errors import LabBookError
from labkit.records.places import default_path

__all__ = ["Entry", "LabBook", "LabBookError", "default_path"]
