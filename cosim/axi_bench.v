// Testbench around an exported AXI engine: the ports as cocotbext-axi finds them, and what is
// legal on each channel, watched in every cycle.
`timescale 1ns / 1ps

// A handshake of AXI: what is offered stays as it is until it is taken (ARM IHI 0022, A3.2.1).
module axi_handshake #(
    parameter BITS = 1
) (
    input clk,
    input rst,
    input valid,
    input ready,
    input [BITS-1:0] payload,
    output reg broken,        // an offer was taken back, or changed
    output reg [31:0] waited  // cycles in which an offer was not taken
);
    reg offered = 0;
    reg [BITS-1:0] was = 0;
    initial broken = 0;
    initial waited = 0;
    always @(posedge clk) begin
        offered <= valid && !ready && !rst;
        was <= payload;
        if (offered && !rst && !(valid && payload === was)) broken <= 1;
        if (valid && !ready && !rst) waited <= waited + 1;
    end
endmodule

module axi_bench;
    reg aclk /*verilator public_flat_rw*/ = 0;
    reg aresetn /*verilator public_flat_rw*/ = 0;
    reg watched /*verilator public_flat_rw*/ = 1;  // not while the reset may begin at any moment
    reg [12:0] s_axi_awaddr /*verilator public_flat_rw*/ = 0;
    reg [2:0] s_axi_awprot /*verilator public_flat_rw*/ = 0;
    reg s_axi_awvalid /*verilator public_flat_rw*/ = 0;
    wire s_axi_awready /*verilator public_flat_rd*/;
    reg [31:0] s_axi_wdata /*verilator public_flat_rw*/ = 0;
    reg [3:0] s_axi_wstrb /*verilator public_flat_rw*/ = 0;
    reg s_axi_wvalid /*verilator public_flat_rw*/ = 0;
    wire s_axi_wready /*verilator public_flat_rd*/;
    wire [1:0] s_axi_bresp /*verilator public_flat_rd*/;
    wire s_axi_bvalid /*verilator public_flat_rd*/;
    reg s_axi_bready /*verilator public_flat_rw*/ = 0;
    reg [12:0] s_axi_araddr /*verilator public_flat_rw*/ = 0;
    reg [2:0] s_axi_arprot /*verilator public_flat_rw*/ = 0;
    reg s_axi_arvalid /*verilator public_flat_rw*/ = 0;
    wire s_axi_arready /*verilator public_flat_rd*/;
    wire [31:0] s_axi_rdata /*verilator public_flat_rd*/;
    wire [1:0] s_axi_rresp /*verilator public_flat_rd*/;
    wire s_axi_rvalid /*verilator public_flat_rd*/;
    reg s_axi_rready /*verilator public_flat_rw*/ = 0;
    reg [31:0] s_axis_tdata /*verilator public_flat_rw*/ = 0;
    reg [3:0] s_axis_tkeep /*verilator public_flat_rw*/ = 0;
    reg s_axis_tlast /*verilator public_flat_rw*/ = 0;
    reg s_axis_tvalid /*verilator public_flat_rw*/ = 0;
    wire s_axis_tready /*verilator public_flat_rd*/;
    wire [31:0] m_axis_tdata /*verilator public_flat_rd*/;
    wire m_axis_tlast /*verilator public_flat_rd*/;
    wire m_axis_tvalid /*verilator public_flat_rd*/;
    reg m_axis_tready /*verilator public_flat_rw*/ = 0;
    wire irq /*verilator public_flat_rd*/;

    ohmforge engine (
        .aclk(aclk),
        .aresetn(aresetn),
        .s_axi_awaddr(s_axi_awaddr),
        .s_axi_awprot(s_axi_awprot),
        .s_axi_awvalid(s_axi_awvalid),
        .s_axi_awready(s_axi_awready),
        .s_axi_wdata(s_axi_wdata),
        .s_axi_wstrb(s_axi_wstrb),
        .s_axi_wvalid(s_axi_wvalid),
        .s_axi_wready(s_axi_wready),
        .s_axi_bresp(s_axi_bresp),
        .s_axi_bvalid(s_axi_bvalid),
        .s_axi_bready(s_axi_bready),
        .s_axi_araddr(s_axi_araddr),
        .s_axi_arprot(s_axi_arprot),
        .s_axi_arvalid(s_axi_arvalid),
        .s_axi_arready(s_axi_arready),
        .s_axi_rdata(s_axi_rdata),
        .s_axi_rresp(s_axi_rresp),
        .s_axi_rvalid(s_axi_rvalid),
        .s_axi_rready(s_axi_rready),
        .s_axis_tdata(s_axis_tdata),
        .s_axis_tkeep(s_axis_tkeep),
        .s_axis_tlast(s_axis_tlast),
        .s_axis_tvalid(s_axis_tvalid),
        .s_axis_tready(s_axis_tready),
        .m_axis_tdata(m_axis_tdata),
        .m_axis_tlast(m_axis_tlast),
        .m_axis_tvalid(m_axis_tvalid),
        .m_axis_tready(m_axis_tready),
        .irq(irq)
    );

    // One bit and one count a channel: aw, w, b, ar, r, s_axis, m_axis.
    wire [6:0] broken /*verilator public_flat_rd*/;
    wire [7*32-1:0] waited /*verilator public_flat_rd*/;
    wire stop = !aresetn || !watched;
    axi_handshake #(.BITS(16)) aw (aclk, stop, s_axi_awvalid, s_axi_awready,
        {s_axi_awaddr, s_axi_awprot}, broken[0], waited[0 +: 32]);
    axi_handshake #(.BITS(36)) w (aclk, stop, s_axi_wvalid, s_axi_wready,
        {s_axi_wdata, s_axi_wstrb}, broken[1], waited[32 +: 32]);
    axi_handshake #(.BITS(2)) b (aclk, stop, s_axi_bvalid, s_axi_bready,
        s_axi_bresp, broken[2], waited[64 +: 32]);
    axi_handshake #(.BITS(16)) ar (aclk, stop, s_axi_arvalid, s_axi_arready,
        {s_axi_araddr, s_axi_arprot}, broken[3], waited[96 +: 32]);
    axi_handshake #(.BITS(34)) r (aclk, stop, s_axi_rvalid, s_axi_rready,
        {s_axi_rdata, s_axi_rresp}, broken[4], waited[128 +: 32]);
    axi_handshake #(.BITS(37)) images (aclk, stop, s_axis_tvalid, s_axis_tready,
        {s_axis_tdata, s_axis_tkeep, s_axis_tlast}, broken[5], waited[160 +: 32]);
    axi_handshake #(.BITS(33)) results (aclk, stop, m_axis_tvalid, m_axis_tready,
        {m_axis_tdata, m_axis_tlast}, broken[6], waited[192 +: 32]);

`ifdef WAVES
    initial begin
        $dumpfile("dump.vcd");
        $dumpvars(0, axi_bench);
    end
`endif
endmodule
