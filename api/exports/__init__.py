"""Tables for people: what a client of the service hands on to clients of its own."""
