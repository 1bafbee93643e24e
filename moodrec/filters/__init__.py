"""Filters are ``where`` conditions: ``parse.parse`` reads their text, ``columns.row_mask`` finds the rows of a
``ColumnTable`` that pass.
"""
