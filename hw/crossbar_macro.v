// Behavioural model of the crossbar macro: cells that hold their level exactly, bit lines that add
// exactly, converters that only saturate. No noise, no settling, no drift, no reset.
// docs/crossbar-macro.md says what the pins mean and what a real macro must keep.

module crossbar_macro #(
    parameter ARRAYS = 1,         // 2: a negative array beside each positive one
    parameter CROSSBARS = 1,
    parameter ROWS = 128,         // word lines of a crossbar
    parameter COLS = 128,         // bit lines of a crossbar
    parameter CELL_BITS = 2,
    parameter OU_ROWS = 9,        // word lines that are driven together
    parameter OU_COLS = 8,        // bit lines of an array that are converted together
    parameter CROSSBAR_BITS = 1,
    parameter SLOT_ROW_BITS = 4,
    parameter SLOT_COL_BITS = 4,
    parameter CODE_BITS = 5,      // larger sums saturate
    parameter LATENCY = 2,        // cycles from a sample to its codes
    parameter CELLS = "crossbars.mem"
) (
    input wire clk,
    input wire sample,
    input wire [CROSSBAR_BITS-1:0] crossbar,
    input wire [SLOT_ROW_BITS-1:0] slot_row,
    input wire [SLOT_COL_BITS-1:0] slot_col,
    input wire [OU_ROWS-1:0] word_lines,
    output wire [ARRAYS*OU_COLS*CODE_BITS-1:0] codes
);
    localparam WIDTH = ARRAYS * OU_COLS * CODE_BITS;
    localparam integer LARGEST = (1 << CODE_BITS) - 1;

    // A word is a word line, bit line 0 in its lowest bits; positive arrays first.
    reg [COLS*CELL_BITS-1:0] lines [0:ARRAYS*CROSSBARS*ROWS-1];
    initial $readmemh(CELLS, lines);

    // Bit lines of the OU add the cells whose word line is driven; converters give a code for each.
    reg [OU_COLS*CELL_BITS-1:0] cells;
    reg [WIDTH-1:0] converted;
    integer sums [0:OU_COLS-1];
    integer array, row, col;
    always @* begin
        converted = 0;
        for (array = 0; array < ARRAYS; array = array + 1) begin
            for (col = 0; col < OU_COLS; col = col + 1) sums[col] = 0;
            for (row = 0; row < OU_ROWS; row = row + 1) begin
                cells = lines[array * CROSSBARS * ROWS + crossbar * ROWS + slot_row * OU_ROWS + row]
                    [slot_col * OU_COLS * CELL_BITS +: OU_COLS * CELL_BITS];
                for (col = 0; col < OU_COLS; col = col + 1)
                    if (word_lines[row])
                        sums[col] = sums[col]
                            + {{32 - CELL_BITS{1'b0}}, cells[col * CELL_BITS +: CELL_BITS]};
            end
            for (col = 0; col < OU_COLS; col = col + 1)
                converted[(array * OU_COLS + col) * CODE_BITS +: CODE_BITS] =
                    sums[col] > LARGEST ? {CODE_BITS{1'b1}} : sums[col][CODE_BITS-1:0];
        end
    end

    // Codes are there LATENCY cycles after their sample, for one cycle; in others they are unknown.
    reg [WIDTH-1:0] held [0:LATENCY-1];
    integer cycle;
    always @(posedge clk) begin
        held[0] <= sample ? converted : {WIDTH{1'bx}};
        for (cycle = 1; cycle < LATENCY; cycle = cycle + 1) held[cycle] <= held[cycle-1];
    end
    assign codes = held[LATENCY-1];
endmodule
