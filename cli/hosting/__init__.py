"""Commands of hosting: one module a noun."""
