"""Who speaks to a cloud: few verbs behind a Protocol, and OpenStack behind those."""
