"""Invoices and credit notes: numbered without holes, never changed once issued, as JSON and as PDF."""
