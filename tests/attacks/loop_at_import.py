# expect: finished
# imported: TookTooLong
"""Never finishes being imported."""

while True:
    pass
