// Testbench of the reset inputs: the same engine four times, behind a wrapper of each kind, all fed
// alike. `reset` is active high here; one engine at a time is let out of it.
`timescale 1ns / 1ps

module reset_bench #(
    parameter SCORE_BITS = 1
);
    reg clk /*verilator public_flat_rw*/ = 0;
    reg [3:0] reset /*verilator public_flat_rw*/ = 4'hf;  // low sync, low async, high sync, high async
    reg [1:0] chosen /*verilator public_flat_rw*/ = 0;    // whose outputs are shown
    reg access /*verilator public_flat_rw*/ = 0;
    reg [9:0] at /*verilator public_flat_rw*/ = 0;
    reg [31:0] data /*verilator public_flat_rw*/ = 0;
    reg [7:0] pixel /*verilator public_flat_rw*/ = 0;
    reg pixel_valid /*verilator public_flat_rw*/ = 0;
    wire [3:0] acks, pixel_readies, score_valids;
    wire [4*SCORE_BITS-1:0] scores;
    wire ack /*verilator public_flat_rd*/ = acks[chosen];
    wire pixel_ready /*verilator public_flat_rd*/ = pixel_readies[chosen];
    wire score_valid /*verilator public_flat_rd*/ = score_valids[chosen];
    wire [SCORE_BITS-1:0] score /*verilator public_flat_rd*/ = scores[chosen*SCORE_BITS +: SCORE_BITS];

`define ENGINE(NUMBER, WRAPPER, PORT, LEVEL) \
    WRAPPER engine``NUMBER ( \
        .clk(clk), .PORT(LEVEL), \
        .bus__cyc(access), .bus__stb(access), .bus__we(1'b1), .bus__adr(at), .bus__dat_w(data), \
        .bus__sel(4'hf), .bus__dat_r(), .bus__ack(acks[NUMBER]), .bus__err(), .irq(), \
        .i__payload(pixel), .i__valid(pixel_valid), .i__ready(pixel_readies[NUMBER]), \
        .o__payload(scores[NUMBER*SCORE_BITS +: SCORE_BITS]), \
        .o__valid(score_valids[NUMBER]), .o__ready(1'b1) \
    );
    `ENGINE(0, low_sync, rst_n, !reset[0])
    `ENGINE(1, low_async, rst_n, !reset[1])
    `ENGINE(2, high_sync, rst, reset[2])
    `ENGINE(3, high_async, rst, reset[3])

`ifdef WAVES
    initial begin
        $dumpfile("dump.vcd");
        $dumpvars(0, reset_bench);
    end
`endif
endmodule
