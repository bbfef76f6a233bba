"""The contract that software and hardware share: geometry, number formats, tables, counts."""
