"""Bulk in and out: files of rows become contacts, products, prices and stock, and these become files again."""
