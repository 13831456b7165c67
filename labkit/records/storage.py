"""The SQLite file of a lab book: its tables, and how an empty one is made."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import sqlalchemy as sa

from labkit.records.errors import LabBookError, explained
from labkit.records.new_files import new_file

APPLICATION_ID = 0x4C61624B  # "LabK"
SCHEMA = 1

metadata = sa.MetaData()
origins = sa.Table(
    "origins",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("content", sa.Text, nullable=False),
)
entries = sa.Table(
    "entries",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("nonce", sa.Text, nullable=False),
    sa.Column("started", sa.Text, nullable=False),
    sa.Column("seconds", sa.Float),
    sa.Column("question", sa.Text, nullable=False, index=True),
    sa.Column("hypothesis", sa.Text),
    sa.Column("parameters", sa.Text, nullable=False),
    sa.Column("seed", sa.Integer),
    sa.Column("result", sa.Text, nullable=False),
    sa.Column("ledger", sa.Text),
    sa.Column("conclusion", sa.Text),
    sa.Column("error", sa.Text),
    sa.Column("point", sa.Text, index=True),
    sa.Column("corrects", sa.Text),
    sa.Column("origin", sa.Text, sa.ForeignKey(origins.c.digest), nullable=False),
)
files = sa.Table(
    "files",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False),
)
attachments = sa.Table(
    "attachments",
    metadata,
    sa.Column("entry", sa.Text, sa.ForeignKey(entries.c.id), primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("digest", sa.Text, sa.ForeignKey(files.c.digest), nullable=False),
)


def create_file(path: Path) -> None:
    """Makes an empty lab book; if another process was first, its file stands.

    Raises:
        LabBookError: the file or its folder cannot be made.
    """
    try:
        with suppress(FileExistsError), explained(path), new_file(path) as draft:
            _write_schema(draft)
    except (OSError, ValueError) as error:  # ValueError: a zero character in the path
        why = getattr(error, "strerror", None) or str(error)
        raise LabBookError(f"lab book {path} cannot be created: {why}") from None
    if not path.exists():
        raise LabBookError(f"lab book {path} cannot be created: its folder is no folder")


def _write_schema(path: Path) -> None:
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)))
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA page_size = 4096")
            metadata.create_all(connection)
            for table in metadata.tables:
                for action in ("UPDATE", "DELETE"):
                    connection.exec_driver_sql(
                        f"CREATE TRIGGER no_{action.lower()}_of_{table} BEFORE {action} ON {table} "
                        "BEGIN SELECT RAISE(ABORT, 'what is in a lab book is never changed'); END"
                    )
            connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA}")
            connection.commit()
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    finally:
        engine.dispose()
