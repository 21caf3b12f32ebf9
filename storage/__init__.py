"""Everything that outlives a process; implements `domain.ports`."""
