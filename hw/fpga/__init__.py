"""Synthesis, placement and routing of generated Verilog for ECP5."""
