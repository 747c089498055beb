"""What families get on paper."""
