// What every bench includes: its clock and the source of its stalls.

    reg clk = 0;
    reg going = 0;
`ifdef WAVES
    always #5 clk = ~clk;
`else
    // Several cycles in one time step, one after the other in its delta cycles: the simulator's
    // scheduler and its main loop, with all of cocotb, then run once for all of them.
    reg [7:0] left_in_burst = 0;
    always @(posedge clk) clk <= 0;
    always @(negedge clk)
        if (left_in_burst != 0 && going) begin
            left_in_burst <= left_in_burst - 1;
            clk <= 1;
        end
    initial #5 forever begin
        left_in_burst <= burst;
        clk <= 1;
        #10;
    end
`endif

    function [31:0] xorshift(input [31:0] x);
        reg [31:0] y;
        begin
            y = x ^ (x << 13);
            y = y ^ (y >> 17);
            xorshift = y ^ (y << 5);
        end
    endfunction
