"""The golden model, the testbenches, and the harness that runs them under Verilator."""
