"""What is asked of marks and people's rights to them, as pure functions of plain values: no database, no clock."""
