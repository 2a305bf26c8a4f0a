"""Rules about marks and about who may see them, as pure functions of plain values: no database, no clock."""
