"""The life of a Change: kinds, plans, policy, approvals, durable runs, events, audit. Knows no domain."""
