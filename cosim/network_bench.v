// Testbench around the network engine: moves data between files and streams, so that the simulator
// runs for as long as it likes between two events in Python. cocotb sets the registers of the first
// group, raises `go`, and waits for `finished`.
`timescale 1ns / 1ps

module network_bench #(
    parameter SCORE_BITS = 1,    // of the payload of `o`: value, with argmax its index, and last
    parameter RESULT_BITS = 1,   // of the value
    parameter MONITOR_BITS = 1,
    parameter VALUE_AT = 0,      // low bits and widths of the fields of the monitor
    parameter VALUE_BITS = 1,
    parameter AT_AT = 0,
    parameter AT_BITS = 1,
    parameter DONE_AT = 0,
    parameter STEP_AT = 0,
    parameter STEP_BITS = 1,
    parameter CYCLES_AT = 0,
    parameter PLANES_AT = 0,
    parameter PLANE_AT = 0,
    parameter OFFERED_AT = 0,
    parameter TAKEN_AT = 0,
    parameter STREAMS = 1,
    parameter INTERRUPT_AT = 0,  // addresses of registers, and words of all counters
    parameter COUNTERS_AT = 0,
    parameter COUNTER_WORDS = 1,
    parameter LOAD_AT = 0        // address of the register that takes a load image
);
    reg bench_only /*verilator public_flat_rw*/ = 0;               // `rst` stops the bench alone
    reg rst /*verilator public_flat_rw*/ = 1;
    reg go /*verilator public_flat_rw*/ = 0;
    reg [31:0] bytes /*verilator public_flat_rw*/ = 0;       // bytes in the file of inputs
    reg [31:0] images /*verilator public_flat_rw*/ = 0;      // images in it
    reg [31:0] run /*verilator public_flat_rw*/ = 0;         // number in the names of the files
    reg [7:0] stall /*verilator public_flat_rw*/ = 0;        // of 256 cycles, on both sides
    reg [31:0] seed /*verilator public_flat_rw*/ = 1;        // of the stalls, not zero
    reg [31:0] patience /*verilator public_flat_rw*/ = 4096; // cycles without any progress
    reg [63:0] limit /*verilator public_flat_rw*/ = 0;       // cycles of the run, whatever moves
    reg [7:0] burst /*verilator public_flat_rw*/ = 0;        // cycles beyond the first in a time step

    // One access to the control bus: from a rising `access` until `accessed`.
    reg access /*verilator public_flat_rw*/ = 0;
    reg access_write /*verilator public_flat_rw*/ = 0;
    reg [31:0] access_at /*verilator public_flat_rw*/ = 0;   // address of a byte
    reg [31:0] access_data /*verilator public_flat_rw*/ = 0; // to write
    reg [31:0] access_read /*verilator public_flat_rd*/ = 0; // what was read
    reg accessed /*verilator public_flat_rd*/ = 0;
    reg refused /*verilator public_flat_rd*/ = 0;            // it ended with `err`

    // A file of words for `LOAD_AT`, as fast as the bus goes: from a rising `load` until `fed`.
    reg load /*verilator public_flat_rw*/ = 0;
    reg [31:0] load_run /*verilator public_flat_rw*/ = 0;    // number in the name of the file
    reg fed /*verilator public_flat_rd*/ = 0;

    reg finished /*verilator public_flat_rd*/ = 0;
    reg hung /*verilator public_flat_rd*/ = 0;
    reg [63:0] clocks /*verilator public_flat_rd*/ = 0;      // cycles simulated since the start
    wire irq /*verilator public_flat_rd*/;
    wire [STEP_BITS-1:0] step /*verilator public_flat_rd*/;
    wire [STREAMS-1:0] offered /*verilator public_flat_rd*/;
    wire [STREAMS-1:0] taken /*verilator public_flat_rd*/;

`include "bench_clock.vh"

    reg [7:0] pixel = 0;
    reg pixel_valid = 0;
    wire pixel_ready;
    wire [SCORE_BITS-1:0] score;
    wire score_valid;
    reg score_ready = 0;
    wire [MONITOR_BITS-1:0] monitor;
    assign step = monitor[STEP_AT +: STEP_BITS];
    assign offered = monitor[OFFERED_AT +: STREAMS];
    assign taken = monitor[TAKEN_AT +: STREAMS];

    reg cyc = 0, we = 0;
    reg [31:0] at = 0, data = 0;
    wire [31:0] read;
    wire ack, err;

    network_engine engine (
        .clk(clk),
        .rst(rst && !bench_only),
        .bus__cyc(cyc),
        .bus__stb(cyc),
        .bus__we(we),
        .bus__adr(at[11:2]),
        .bus__dat_w(data),
        .bus__sel(4'hf),
        .bus__dat_r(read),
        .bus__ack(ack),
        .bus__err(err),
        .irq(irq),
        .i__payload(pixel),
        .i__valid(pixel_valid),
        .i__ready(pixel_ready),
        .o__payload(score),
        .o__valid(score_valid),
        .o__ready(score_ready),
        .monitor(monitor)
    );

    integer inputs, results, steps, scores, counters;
    integer got;
    reg [7:0] next_pixel = 0;
    reg [31:0] left = 0, images_left = 0, counted_left = 0, idle = 0, noise = 1;
    reg [63:0] remaining = 0;
    wire complete = images_left == 0 && counted_left == 0;
    wire hangs = idle == patience || remaining == 0;
    wire progress = |(offered & taken) | monitor[PLANE_AT];
    wire result = monitor[0];
    wire signed [VALUE_BITS-1:0] value = monitor[VALUE_AT +: VALUE_BITS];
    wire signed [31:0] wide_value = value;
    wire [31:0] wide_at = monitor[AT_AT +: AT_BITS];
    wire signed [RESULT_BITS-1:0] score_value = score[RESULT_BITS-1:0];
    wire signed [31:0] wide_score = score_value;
    wire score_last = score[SCORE_BITS-1];
    wire [31:0] score_end = score >> RESULT_BITS;  // index and last, or last alone

    always @(posedge clk) begin
        clocks <= clocks + 1;
        if (rst) begin
            going <= 0;
            finished <= 0;
            hung <= 0;
            pixel_valid <= 0;
            score_ready <= 0;
        end else if (!going) begin
            if (go) begin
                inputs = $fopen($sformatf("inputs%0d.bin", run), "rb");
                results = $fopen($sformatf("results%0d.hex", run), "w");
                steps = $fopen($sformatf("steps%0d.txt", run), "w");
                scores = $fopen($sformatf("scores%0d.hex", run), "w");
                counters = $fopen($sformatf("counters%0d.hex", run), "w");
                going <= 1;
                finished <= 0;
                left <= bytes;
                images_left <= images;
                counted_left <= images;
                idle <= 0;
                remaining <= limit;
                noise <= seed;
                score_ready <= 0;
            end
        end else begin
            noise <= xorshift(noise);
            idle <= progress ? 0 : idle + 1;
            remaining <= remaining - 1;

            if (!pixel_valid || pixel_ready) begin
                if (left != 0 && noise[7:0] >= stall) begin
                    got = $fread(next_pixel, inputs);
                    pixel <= next_pixel;
                    pixel_valid <= 1;
                    left <= left - 1;
                end else pixel_valid <= 0;
            end

            score_ready <= noise[23:16] >= stall;
            if (score_valid && score_ready) begin
                $fwrite(scores, "%08x%08x", wide_score, score_end);
                if (score_last) images_left <= images_left - 1;
            end

            if (result) $fwrite(results, "%08x%08x", wide_value, wide_at);
            if (monitor[DONE_AT])
                $fwrite(steps, "%0d %0d %0d\n", step, monitor[CYCLES_AT +: 48],
                        monitor[PLANES_AT +: 48]);

            if (reading && !cyc && word > COUNTER_WORDS) counted_left <= counted_left - 1;

            if (complete || hangs) begin
                hung <= hangs && !complete;
                finished <= 1;
                going <= 0;
                $fclose(inputs);
                $fclose(results);
                $fclose(steps);
                $fclose(scores);
                $fclose(counters);
            end
        end
    end

    // The control bus: what Python asks for, load images, and, at every interrupt of a run, all
    // counters.
    reg reading = 0;      // the counters, and then the interrupt is cleared
    reg [31:0] word = 0;
    reg feeding = 0;
    integer image;
    reg [31:0] fed_word;
    always @(posedge clk) begin
        if (rst) begin
            cyc <= 0;
            reading <= 0;
            accessed <= 0;
            if (feeding) $fclose(image);
            feeding <= 0;
            fed <= 0;
        end else if (cyc) begin
            if (ack || err) begin
                cyc <= 0;
                if (!reading && !feeding) begin
                    access_read <= read;
                    refused <= err;
                    accessed <= 1;
                end else if (going && word <= COUNTER_WORDS) $fwrite(counters, "%08x", read);
            end
        end else if (reading) begin
            cyc <= word <= COUNTER_WORDS;
            we <= word == COUNTER_WORDS;
            at <= word == COUNTER_WORDS ? INTERRUPT_AT : COUNTERS_AT + 4 * word;
            data <= 1;
            reading <= word <= COUNTER_WORDS;
            word <= word + 1;
        end else if (going && irq) begin
            reading <= 1;
            word <= 0;
        end else if (feeding) begin
            if ($fread(fed_word, image) == 4) begin
                cyc <= 1;
                we <= 1;
                at <= LOAD_AT;  // the first byte of the file was read as the most significant one
                data <= {fed_word[7:0], fed_word[15:8], fed_word[23:16], fed_word[31:24]};
            end else begin
                $fclose(image);
                feeding <= 0;
                fed <= 1;
            end
        end else if (load && !fed) begin
            image = $fopen($sformatf("load%0d.bin", load_run), "rb");
            feeding <= 1;
        end else if (access && !accessed) begin
            cyc <= 1;
            we <= access_write;
            at <= access_at;
            data <= access_data;
        end else begin
            if (!access) accessed <= 0;
            if (!load) fed <= 0;
        end
    end
endmodule
