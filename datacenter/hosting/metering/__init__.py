"""What was used and what it comes to: usage per quarter-hour, rating, showback, months that are closed."""
