"""``where`` conditions: ``parse.parse`` reads the text, ``columns.row_mask`` finds the rows of a ``ColumnTable``."""
