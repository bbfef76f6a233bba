"""From mapping tables to Verilog: the Amaranth components of the datapath."""
