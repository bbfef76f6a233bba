// Cells of the Lattice ECP5 for which Yosys has no model for simulation, as far as it makes use of
// them. Any other mode ends the simulation: nothing passes that is not modelled.
`timescale 1ns / 1ps

// Block RAM of 18 Kibit, after Lattice FPGA-TN-02204, "ECP5 and ECP5-5G Memory Usage Guide". An
// address counts bits without parity, of which 16 are in a row of 18. A port of 1, 2 or 4 bits has
// no parity bits; one of 9 bits has half a row, one of 18 a row, one of 36 two rows. Ports of 18
// bits and more have a write enable for each byte in the lowest bits of their address. A port of
// 36 bits has the data of both: DIA and DOA are its lower half. Reads are synchronous and without
// output register. A port that writes shows what it showed before, or, with READBEFOREWRITE, what
// was there; WRITETHROUGH is not modelled, nor is a reset without a clock.
module DP16KD (
    input DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5,
    DIA4, DIA3, DIA2, DIA1, DIA0,
    input ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1,
    ADA0,
    input CEA, OCEA, CLKA, WEA, RSTA, CSA2, CSA1, CSA0,
    output DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5,
    DOA4, DOA3, DOA2, DOA1, DOA0,
    input DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5,
    DIB4, DIB3, DIB2, DIB1, DIB0,
    input ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1,
    ADB0,
    input CEB, OCEB, CLKB, WEB, RSTB, CSB2, CSB1, CSB0,
    output DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5,
    DOB4, DOB3, DOB2, DOB1, DOB0
);
    parameter DATA_WIDTH_A = 18, DATA_WIDTH_B = 18;
    parameter REGMODE_A = "NOREG", REGMODE_B = "NOREG";
    parameter RESETMODE = "SYNC", ASYNC_RESET_RELEASE = "SYNC";
    parameter CSDECODE_A = "0b000", CSDECODE_B = "0b000";
    parameter WRITEMODE_A = "NORMAL", WRITEMODE_B = "NORMAL";
    parameter CLKAMUX = "CLKA", CLKBMUX = "CLKB";
    parameter GSR = "AUTO";
    // 16 rows each, one in every 20 bits.
    parameter [319:0] INITVAL_00 = 0, INITVAL_01 = 0, INITVAL_02 = 0, INITVAL_03 = 0, INITVAL_04
    = 0, INITVAL_05 = 0, INITVAL_06 = 0, INITVAL_07 = 0, INITVAL_08 = 0, INITVAL_09 = 0,
    INITVAL_0A = 0, INITVAL_0B = 0, INITVAL_0C = 0, INITVAL_0D = 0, INITVAL_0E = 0, INITVAL_0F =
    0, INITVAL_10 = 0, INITVAL_11 = 0, INITVAL_12 = 0, INITVAL_13 = 0, INITVAL_14 = 0,
    INITVAL_15 = 0, INITVAL_16 = 0, INITVAL_17 = 0, INITVAL_18 = 0, INITVAL_19 = 0, INITVAL_1A =
    0, INITVAL_1B = 0, INITVAL_1C = 0, INITVAL_1D = 0, INITVAL_1E = 0, INITVAL_1F = 0,
    INITVAL_20 = 0, INITVAL_21 = 0, INITVAL_22 = 0, INITVAL_23 = 0, INITVAL_24 = 0, INITVAL_25 =
    0, INITVAL_26 = 0, INITVAL_27 = 0, INITVAL_28 = 0, INITVAL_29 = 0, INITVAL_2A = 0,
    INITVAL_2B = 0, INITVAL_2C = 0, INITVAL_2D = 0, INITVAL_2E = 0, INITVAL_2F = 0, INITVAL_30 =
    0, INITVAL_31 = 0, INITVAL_32 = 0, INITVAL_33 = 0, INITVAL_34 = 0, INITVAL_35 = 0,
    INITVAL_36 = 0, INITVAL_37 = 0, INITVAL_38 = 0, INITVAL_39 = 0, INITVAL_3A = 0, INITVAL_3B =
    0, INITVAL_3C = 0, INITVAL_3D = 0, INITVAL_3E = 0, INITVAL_3F = 0;
    localparam [64 * 320 - 1:0] INITIAL = {
        INITVAL_3F, INITVAL_3E, INITVAL_3D, INITVAL_3C, INITVAL_3B, INITVAL_3A, INITVAL_39,
        INITVAL_38, INITVAL_37, INITVAL_36, INITVAL_35, INITVAL_34, INITVAL_33, INITVAL_32,
        INITVAL_31, INITVAL_30, INITVAL_2F, INITVAL_2E, INITVAL_2D, INITVAL_2C, INITVAL_2B,
        INITVAL_2A, INITVAL_29, INITVAL_28, INITVAL_27, INITVAL_26, INITVAL_25, INITVAL_24,
        INITVAL_23, INITVAL_22, INITVAL_21, INITVAL_20, INITVAL_1F, INITVAL_1E, INITVAL_1D,
        INITVAL_1C, INITVAL_1B, INITVAL_1A, INITVAL_19, INITVAL_18, INITVAL_17, INITVAL_16,
        INITVAL_15, INITVAL_14, INITVAL_13, INITVAL_12, INITVAL_11, INITVAL_10, INITVAL_0F,
        INITVAL_0E, INITVAL_0D, INITVAL_0C, INITVAL_0B, INITVAL_0A, INITVAL_09, INITVAL_08,
        INITVAL_07, INITVAL_06, INITVAL_05, INITVAL_04, INITVAL_03, INITVAL_02, INITVAL_01,
        INITVAL_00
    };

    reg [17:0] rows [0:1023];
    integer row;
    initial begin
        for (row = 0; row < 1024; row = row + 1) rows[row] = INITIAL[20 * row +: 18];
        if (REGMODE_A != "NOREG" || REGMODE_B != "NOREG" || CSDECODE_A != "0b000"
            || CSDECODE_B != "0b000" || WRITEMODE_A == "WRITETHROUGH"
            || WRITEMODE_B == "WRITETHROUGH" || CLKAMUX != "CLKA" || CLKBMUX != "CLKB")
            $fatal(1, "%m: this mode of DP16KD is not modelled");
    end

    wire selected_a = {CSA2, CSA1, CSA0} == 0, selected_b = {CSB2, CSB1, CSB0} == 0;
    wire [17:0] dia = {
        DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5,
        DIA4, DIA3, DIA2, DIA1, DIA0
    };
    wire [17:0] dib = {
        DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5,
        DIB4, DIB3, DIB2, DIB1, DIB0
    };
    wire [13:0] ada = {
        ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0
    };
    wire [13:0] adb = {
        ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0
    };
    reg [35:0] shown_a = 0, shown_b = 0;
    assign {
        DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5,
        DOA4, DOA3, DOA2, DOA1, DOA0
    } = DATA_WIDTH_B == 36 ? shown_b[17:0] : shown_a[17:0];
    assign {
        DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5,
        DOB4, DOB3, DOB2, DOB1, DOB0
    } = DATA_WIDTH_B == 36 ? shown_b[35:18] : shown_b[17:0];

    always @(posedge CLKA)
        if (RSTA) begin
            shown_a <= 0;
            if (RESETMODE != "SYNC") $fatal(1, "%m: an asynchronous reset is not modelled");
        end
        else if (CEA && selected_a && (!WEA || WRITEMODE_A == "READBEFOREWRITE"))
            case (DATA_WIDTH_A)
                36: shown_a <= {rows[{ada[13:5], 1'b1}], rows[{ada[13:5], 1'b0}]};
                18: shown_a <= rows[ada[13:4]];
                9: shown_a <= rows[ada[13:4]][9 * ada[3] +: 9];
                4: shown_a <= rows[ada[13:4]][9 * ada[3] + 4 * ada[2] +: 4];
                2: shown_a <= rows[ada[13:4]][9 * ada[3] + 2 * ada[2:1] +: 2];
                default: shown_a <= rows[ada[13:4]][9 * ada[3] + ada[2:0]];
            endcase
    always @(posedge CLKA)
        if (CEA && selected_a && WEA)
            case (DATA_WIDTH_A)
                36: begin
                    if (ada[0]) rows[{ada[13:5], 1'b0}][8:0] <= dia[8:0];
                    if (ada[1]) rows[{ada[13:5], 1'b0}][17:9] <= dia[17:9];
                    if (ada[2]) rows[{ada[13:5], 1'b1}][8:0] <= dib[8:0];
                    if (ada[3]) rows[{ada[13:5], 1'b1}][17:9] <= dib[17:9];
                end
                18: begin
                    if (ada[0]) rows[ada[13:4]][8:0] <= dia[8:0];
                    if (ada[1]) rows[ada[13:4]][17:9] <= dia[17:9];
                end
                9: rows[ada[13:4]][9 * ada[3] +: 9] <= dia[8:0];
                4: rows[ada[13:4]][9 * ada[3] + 4 * ada[2] +: 4] <= dia[3:0];
                2: rows[ada[13:4]][9 * ada[3] + 2 * ada[2:1] +: 2] <= dia[1:0];
                default: rows[ada[13:4]][9 * ada[3] + ada[2:0]] <= dia[0];
            endcase
    always @(posedge CLKB)
        if (RSTB) begin
            shown_b <= 0;
            if (RESETMODE != "SYNC") $fatal(1, "%m: an asynchronous reset is not modelled");
        end
        else if (CEB && selected_b && (!WEB || WRITEMODE_B == "READBEFOREWRITE"))
            case (DATA_WIDTH_B)
                36: shown_b <= {rows[{adb[13:5], 1'b1}], rows[{adb[13:5], 1'b0}]};
                18: shown_b <= rows[adb[13:4]];
                9: shown_b <= rows[adb[13:4]][9 * adb[3] +: 9];
                4: shown_b <= rows[adb[13:4]][9 * adb[3] + 4 * adb[2] +: 4];
                2: shown_b <= rows[adb[13:4]][9 * adb[3] + 2 * adb[2:1] +: 2];
                default: shown_b <= rows[adb[13:4]][9 * adb[3] + adb[2:0]];
            endcase
    always @(posedge CLKB)
        if (CEB && selected_b && WEB)
            case (DATA_WIDTH_B)
                36: begin
                    if (adb[0]) rows[{adb[13:5], 1'b0}][8:0] <= dia[8:0];
                    if (adb[1]) rows[{adb[13:5], 1'b0}][17:9] <= dia[17:9];
                    if (adb[2]) rows[{adb[13:5], 1'b1}][8:0] <= dib[8:0];
                    if (adb[3]) rows[{adb[13:5], 1'b1}][17:9] <= dib[17:9];
                end
                18: begin
                    if (adb[0]) rows[adb[13:4]][8:0] <= dib[8:0];
                    if (adb[1]) rows[adb[13:4]][17:9] <= dib[17:9];
                end
                9: rows[adb[13:4]][9 * adb[3] +: 9] <= dib[8:0];
                4: rows[adb[13:4]][9 * adb[3] + 4 * adb[2] +: 4] <= dib[3:0];
                2: rows[adb[13:4]][9 * adb[3] + 2 * adb[2:1] +: 2] <= dib[1:0];
                default: rows[adb[13:4]][9 * adb[3] + adb[2:0]] <= dib[0];
            endcase
endmodule

// Multiplier of 18 by 18 bits, after Lattice FPGA-TN-02205, "ECP5 and ECP5-5G sysDSP Usage Guide":
// without registers, both operands from their pins.
module MULT18X18D (
    input A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0,
    input B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0,
    input C17, C16, C15, C14, C13, C12, C11, C10, C9, C8, C7, C6, C5, C4, C3, C2, C1, C0,
    input SIGNEDA, SIGNEDB, SOURCEA, SOURCEB,
    input CLK3, CLK2, CLK1, CLK0, CE3, CE2, CE1, CE0, RST3, RST2, RST1, RST0,
    output P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19,
    P18, P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0
);
    parameter REG_INPUTA_CLK = "NONE", REG_INPUTA_CE = "CE0", REG_INPUTA_RST = "RST0";
    parameter REG_INPUTB_CLK = "NONE", REG_INPUTB_CE = "CE0", REG_INPUTB_RST = "RST0";
    parameter REG_INPUTC_CLK = "NONE", REG_INPUTC_CE = "CE0", REG_INPUTC_RST = "RST0";
    parameter REG_PIPELINE_CLK = "NONE", REG_PIPELINE_CE = "CE0", REG_PIPELINE_RST = "RST0";
    parameter REG_OUTPUT_CLK = "NONE", REG_OUTPUT_CE = "CE0", REG_OUTPUT_RST = "RST0";
    parameter SOURCEB_MODE = "B_SHIFT", MULT_BYPASS = "DISABLED";
    initial
        if (REG_INPUTA_CLK != "NONE" || REG_INPUTB_CLK != "NONE" || REG_INPUTC_CLK != "NONE"
            || REG_PIPELINE_CLK != "NONE" || REG_OUTPUT_CLK != "NONE" || MULT_BYPASS != "DISABLED")
            $fatal(1, "%m: this mode of MULT18X18D is not modelled");
    wire [17:0] a = {
        A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0
    };
    wire [17:0] b = {
        B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0
    };
    wire signed [18:0] wide_a = {SIGNEDA & a[17], a}, wide_b = {SIGNEDB & b[17], b};
    wire signed [37:0] product = wide_a * wide_b;
    assign {
        P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19,
        P18, P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0
    } = product[35:0];
endmodule
