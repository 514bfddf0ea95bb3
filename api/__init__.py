"""REST: one thin router a domain, authentication, problem details, events."""
