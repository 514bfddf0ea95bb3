"""The catalogue: offerings, their plans and prices, images; read at a time, brought in as a document."""
