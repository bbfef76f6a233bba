"""The network engine behind AXI: registers over AXI4-Lite, images and results as streams."""
