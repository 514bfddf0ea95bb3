"""The journal: what happened, who did it, why; numbered, chained by hash, signed, verifiable offline.

Entries are written in the transaction of their effect (``record``), unnumbered. One sequencer numbers and chains them
once they are committed (``sequencer``), signs checkpoints to a file outside the database (``checkpoints``), readers
follow the numbers (``reader``), and ``verify`` says offline whether anything was altered, removed or cut off.
"""
