"""What people with other flows need around the generated Verilog."""
