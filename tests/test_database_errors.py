"""Errors of SQLite: those of the file become advice, those of the program stay what they are."""

import sqlite3
from pathlib import Path

import pytest

from retrievers.store.database import DamagedFileError, database_errors


def test_a_mistake_of_the_program_is_not_called_a_damaged_file(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.ProgrammingError), database_errors(tmp_path / "catalogue.sqlite"):
        raise sqlite3.ProgrammingError("Error binding parameter 1: type 'tuple' is not supported")


def test_what_is_no_database_is(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.sqlite"
    with pytest.raises(DamagedFileError, match=r"catalogue\.sqlite is damaged"):
        with database_errors(path):
            raise sqlite3.DatabaseError("file is not a database")
