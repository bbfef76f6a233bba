// Testbench around the layer engine: moves data between files and streams, so that the simulator
// runs for as long as it likes between two events in Python. cocotb sets the registers of the first
// group, raises `go`, and waits for `finished`.
`timescale 1ns / 1ps

module layer_bench #(
    parameter COMMAND_BITS = 1,
    parameter BEAT_BITS = 1,
    parameter RESULT_BITS = 1,
    parameter CODES_BITS = 1,
    parameter VALUES_BITS = 1,
    parameter TILE_BITS = 1,     // of the monitor of a tile; codes, then values are the first in it
    parameter TILES = 1,
    parameter STREAMS = 1
);
    reg rst /*verilator public_flat_rw*/ = 1;
    reg go /*verilator public_flat_rw*/ = 0;
    reg [COMMAND_BITS-1:0] command /*verilator public_flat_rw*/ = 0;
    reg [31:0] beats /*verilator public_flat_rw*/ = 0;       // beats in the file of inputs
    reg [31:0] run /*verilator public_flat_rw*/ = 0;         // number in the names of the files
    reg [7:0] stall /*verilator public_flat_rw*/ = 0;        // of 256 cycles, on both sides
    reg [31:0] seed /*verilator public_flat_rw*/ = 1;        // of the stalls, not zero
    reg [31:0] patience /*verilator public_flat_rw*/ = 4096; // cycles without any progress
    reg [63:0] limit /*verilator public_flat_rw*/ = 0;       // cycles of the run, whatever moves
    reg record /*verilator public_flat_rw*/ = 0;             // write codes and values as well
    reg [7:0] burst /*verilator public_flat_rw*/ = 0;        // cycles beyond the first in a time step

    reg finished /*verilator public_flat_rd*/ = 0;
    reg hung /*verilator public_flat_rd*/ = 0;
    reg [31:0] results /*verilator public_flat_rd*/ = 0;     // outputs written to the file
    reg [63:0] clocks /*verilator public_flat_rd*/ = 0;      // cycles simulated since the start
    wire busy /*verilator public_flat_rd*/;
    wire [47:0] cycles /*verilator public_flat_rd*/;
    wire [47:0] planes /*verilator public_flat_rd*/;
    wire [STREAMS-1:0] offered /*verilator public_flat_rd*/;
    wire [STREAMS-1:0] taken /*verilator public_flat_rd*/;

    localparam RESULT_AT = CODES_BITS + 1;
    localparam OFFERED_AT = TILES * TILE_BITS;
    localparam MONITOR_BITS = OFFERED_AT + 2 * STREAMS;

`include "bench_clock.vh"

    reg command_valid = 0;
    wire command_ready;
    reg [BEAT_BITS-1:0] beat = 0;
    reg beat_valid = 0;
    wire beat_ready;
    wire [RESULT_BITS-1:0] result;
    wire result_valid;
    reg result_ready = 0;
    wire [MONITOR_BITS-1:0] monitor;
    assign offered = monitor[OFFERED_AT +: STREAMS];
    assign taken = monitor[OFFERED_AT + STREAMS +: STREAMS];

    layer_engine engine (
        .clk(clk),
        .rst(rst),
        .command__payload(command),
        .command__valid(command_valid),
        .command__ready(command_ready),
        .i__payload(beat),
        .i__valid(beat_valid),
        .i__ready(beat_ready),
        .o__payload(result),
        .o__valid(result_valid),
        .o__ready(result_ready),
        .busy(busy),
        .cycles(cycles),
        .planes(planes),
        .monitor(monitor)
    );

    integer inputs, outputs, codes, values;
    integer got, tile;
    reg [BEAT_BITS-1:0] next_beat = 0;
    reg was_busy = 0;
    reg [31:0] left = 0, idle = 0, noise = 1;
    reg [63:0] remaining = 0;
    wire hangs = idle == patience || remaining == 0;
    wire [TILES-1:0] planes_there;
    genvar number;
    generate
        for (number = 0; number < TILES; number = number + 1) begin : each
            assign planes_there[number] = monitor[number * TILE_BITS];
        end
    endgenerate
    wire progress = |(offered & taken) | |planes_there;
    wire signed [31:0] wide = {{(33 - RESULT_BITS){result[RESULT_BITS-2]}}, result[RESULT_BITS-2:0]};

    always @(posedge clk) begin
        clocks <= clocks + 1;
        if (rst) begin
            going <= 0;
            was_busy <= 0;
            finished <= 0;
            hung <= 0;
            command_valid <= 0;
            beat_valid <= 0;
            result_ready <= 0;
        end else if (!going) begin
            if (go) begin
                inputs = $fopen($sformatf("inputs%0d.bin", run), "rb");
                outputs = $fopen($sformatf("outputs%0d.hex", run), "w");
                if (record) begin
                    codes = $fopen($sformatf("codes%0d.hex", run), "w");
                    values = $fopen($sformatf("values%0d.hex", run), "w");
                end
                going <= 1;
                finished <= 0;
                was_busy <= 0;
                command_valid <= 1;
                left <= beats;
                results <= 0;
                idle <= 0;
                remaining <= limit;
                noise <= seed;
                result_ready <= 0;
            end
        end else begin
            noise <= xorshift(noise);
            was_busy <= busy;
            idle <= progress ? 0 : idle + 1;
            remaining <= remaining - 1;
            if (command_ready) command_valid <= 0;

            if (!beat_valid || beat_ready) begin
                if (left != 0 && noise[7:0] >= stall) begin
                    got = $fread(next_beat, inputs);
                    beat <= next_beat;
                    beat_valid <= 1;
                    left <= left - 1;
                end else beat_valid <= 0;
            end

            result_ready <= noise[23:16] >= stall;
            if (result_valid && result_ready) begin
                $fwrite(outputs, "%08x", wide);
                results <= results + 1;
            end

            // What a tile shows, with its number.
            if (record) for (tile = 0; tile < TILES; tile = tile + 1) begin
                if (monitor[tile * TILE_BITS])
                    $fwrite(codes, "%0d %h\n", tile, monitor[tile * TILE_BITS + 1 +: CODES_BITS]);
                if (monitor[tile * TILE_BITS + RESULT_AT])
                    $fwrite(values, "%0d %h\n", tile,
                            monitor[tile * TILE_BITS + RESULT_AT + 1 +: VALUES_BITS]);
            end

            if ((was_busy && !busy) || hangs) begin
                hung <= hangs;
                finished <= 1;
                going <= 0;
                $fclose(inputs);
                $fclose(outputs);
                if (record) begin
                    $fclose(codes);
                    $fclose(values);
                end
            end
        end
    end
endmodule
