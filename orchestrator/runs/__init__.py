"""The road a Change goes once it may run: lock, prepare, apply, verify, decide, confirm; or undo, in reverse order.

``rows`` holds the truth (``change``, ``change_step``, ``target_lock``) behind a fencing number, ``phases`` speaks to
the targets, ``flow`` puts both in order as two durable workflows: one a batch, one to take everything back.
"""
