"""Whether the books agree with the documents, and the stock with its movements."""
