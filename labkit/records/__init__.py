"""The lab book: every run kept, in one SQLite file that is never overwritten."""

from labkit.records.book import LabBook, default_path
from labkit.records.entries import Entry
from labkit.records.files import LabBookError
from labkit.records.values import read_filters

__all__ = ["Entry", "LabBook", "LabBookError", "default_path", "read_filters"]
