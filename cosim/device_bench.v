// Testbench around a network engine with its host link: plays what a host puts on the wire, and
// writes down what comes back. It shares nothing with the link but the protocol of the wire. cocotb
// sets the registers of the first group, gives `run` a new number, and waits for `done` to follow;
// in between the simulator runs for as long as it likes.
`timescale 1ns / 1ps

module device_bench;
    reg rst /*verilator public_flat_rw*/ = 1;
    reg [31:0] run /*verilator public_flat_rw*/ = 0;    // number in the names of the files
    reg [31:0] items /*verilator public_flat_rw*/ = 0;  // in the file that is to be played, if any
    reg [63:0] limit /*verilator public_flat_rw*/ = 0;  // cycles after which the run ends
    reg [31:0] quiet /*verilator public_flat_rw*/ = 0;  // or of silence behind bytes; 0: never
    reg sent_ends /*verilator public_flat_rw*/ = 0;     // or when everything was played
    reg [23:0] bit_time /*verilator public_flat_rw*/ = 0;  // of a bit, in 256ths of a cycle
    reg [7:0] burst /*verilator public_flat_rw*/ = 0;   // cycles beyond the first in a time step

    reg [31:0] done /*verilator public_flat_rd*/ = 0;
    reg [63:0] clocks /*verilator public_flat_rd*/ = 0;   // cycles simulated since the start
    reg [63:0] silent /*verilator public_flat_rd*/ = 0;   // cycles since the host's line rose
    reg [63:0] untouched /*verilator public_flat_rd*/ = 0;  // cycles since anything on either line
    wire playing /*verilator public_flat_rd*/;            // not everything was played
    wire led_idle /*verilator public_flat_rd*/;
    wire led_busy /*verilator public_flat_rd*/;
    wire led_error /*verilator public_flat_rd*/;

`include "bench_clock.vh"

    wire starts = !going && run != done;
    reg to_device = 1;
    wire from_device;
    reg device_reset = 0;

    link_engine engine (
        .clk(clk),
        .rst(rst || device_reset),
        .uart_rx(to_device),
        .uart_tx(from_device),
        .led_idle(led_idle),
        .led_busy(led_busy),
        .led_error(led_error)
    );

    // What the host puts on the wire: items of 32 bits, of a file or one behind the other.
    //   0 << 30 | ten bits           one after the other, the lowest first, each for `bit_time`
    //   1 << 30 | level << 29 | n    the line at a level for n cycles
    //   2 << 30 | n                  reset of the device for n cycles
    integer file;
    integer answers;
    integer got;
    reg [31:0] item = 0;
    reg [31:0] left = 0;       // items of the file
    reg [9:0] bits = 0;
    reg [3:0] bits_left = 0;
    reg [31:0] rest = 0;       // of the bit, in 256ths of a cycle
    reg [28:0] hold = 0;       // cycles of a level or of a reset
    wire bit_ends = rest < 512;
    wire takes = left != 0 && hold <= 1 && (bits_left == 0 || (bits_left == 1 && bit_ends));
    assign playing = left != 0 || hold != 0 || bits_left != 0;

    task take;
        begin
            got = $fread(item, file);
            item = {item[7:0], item[15:8], item[23:16], item[31:24]};
            device_reset <= 0;
            case (item[31:30])
                0: begin
                    to_device <= item[0];
                    bits <= {1'b1, item[9:1]};
                    bits_left <= 10;
                    // What is left of the cycle in which the bit before ended counts for this one.
                    rest <= bit_time + (bits_left == 1 ? rest - 256 : 0);
                end
                1: begin
                    to_device <= item[29];
                    hold <= item[28:0];
                end
                default: begin
                    device_reset <= 1;
                    hold <= item[28:0];
                end
            endcase
        end
    endtask

    always @(posedge clk) begin
        clocks <= clocks + 1;
        silent <= to_device ? silent + 1 : 0;
        untouched <= to_device && from_device && !playing ? untouched + 1 : 0;
        if (hold != 0) begin
            hold <= hold - 1;
            if (hold == 1) device_reset <= 0;
        end
        if (bits_left != 0) begin
            rest <= bit_ends ? rest + bit_time - 256 : rest - 256;
            if (bit_ends) begin
                bits_left <= bits_left - 1;
                if (bits_left != 1) to_device <= bits[0];
                bits <= {1'b1, bits[9:1]};
            end
        end
        if (takes) begin
            take;
            left <= left - 1;
            if (left == 1) $fclose(file);
        end
        if (starts && items != 0) begin
            file = $fopen($sformatf("wire%0d.bin", run), "rb");
            left <= items;
        end
    end

    // What the host hears: a byte is taken if its start bit is still there in the middle.
    reg was_high = 1;
    reg hearing = 0;
    reg lost = 0;              // there was no stop bit: nothing begins before the line is high
    reg [3:0] heard = 0;       // bits of the byte, with start and stop
    reg [31:0] wait_for = 0;   // the middle of the next bit, in 256ths of a cycle
    reg [7:0] value = 0;
    reg [31:0] bytes = 0;      // in this run
    reg [31:0] pause /*verilator public_flat_rd*/ = 0;  // cycles without a byte in work

    always @(posedge clk) begin
        if (starts) begin
            answers = $fopen($sformatf("answers%0d.hex", run), "w");
            bytes <= 0;
        end
        was_high <= from_device;
        pause <= hearing || !from_device ? 0 : pause + 1;
        if (lost) lost <= !from_device;
        else if (!hearing) begin
            if (was_high && !from_device) begin
                hearing <= 1;
                heard <= 0;
                wait_for <= bit_time / 2;
            end
        end else if (wait_for < 512) begin
            wait_for <= wait_for + bit_time - 256;
            heard <= heard + 1;
            if (heard == 0) hearing <= !from_device;
            else if (heard < 9) value <= {from_device, value[7:1]};
            else begin
                hearing <= 0;
                lost <= !from_device;
                bytes <= starts ? 1 : bytes + 1;
                $fwrite(answers, "%01x%02x", !from_device, value);
            end
        end else wait_for <= wait_for - 256;

        if (ends) $fclose(answers);
    end

    reg [63:0] remaining = 0;
    wire hears = quiet != 0 && bytes != 0 && !hearing && pause >= quiet;
    wire ends = going && (remaining == 0 || hears || (sent_ends && !playing));
    always @(posedge clk) begin
        if (going) begin
            remaining <= remaining - 1;
            if (ends) begin
                going <= 0;
                done <= run;
            end
        end else if (starts) begin
            going <= 1;
            remaining <= limit;
        end
    end
endmodule
