// The layer engine in a bare Verilator loop: no testbench, no VPI, no Python. Both streams always
// move; the inputs are noise. Prints the cycles and the seconds that they took.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "Vlayer_engine.h"
#include "verilated.h"

// Verilator writes a double underscore as ___05F.
int main(int argc, char** argv) {
    if (argc != 4) return 2;
    const uint64_t command = std::strtoull(argv[1], nullptr, 10);
    const uint64_t limit = std::strtoull(argv[2], nullptr, 10);
    const int beat_bits = std::atoi(argv[3]);
    VerilatedContext context;
    Vlayer_engine top{&context};
    uint64_t cycles = 0;
    uint32_t noise = 1;
    auto tick = [&] {
        top.clk = 0;
        top.eval();
        top.clk = 1;
        top.eval();
        ++cycles;
    };
    top.rst = 1;
    tick();
    top.rst = 0;
    std::memcpy(&top.command___05Fpayload, &command, sizeof(top.command___05Fpayload));
    top.command___05Fvalid = 1;
    top.i___05Fvalid = 1;
    top.o___05Fready = 1;
    unsigned char beat[sizeof(top.i___05Fpayload)] = {};
    const auto start = std::chrono::steady_clock::now();
    cycles = 0;
    while (cycles < limit) {
        for (int bit = 0; bit < beat_bits; bit += 8) {
            noise ^= noise << 13, noise ^= noise >> 17, noise ^= noise << 5;
            const int left = beat_bits - bit;
            beat[bit / 8] = noise & (left < 8 ? (1 << left) - 1 : 255);
        }
        std::memcpy(&top.i___05Fpayload, beat, sizeof(beat));
        // One beat stays for as long as the engine takes to want the next.
        do {
            tick();
        } while (!top.i___05Fready && cycles < limit);
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    top.final();
    std::printf("%llu %.6f\n", static_cast<unsigned long long>(cycles), seconds.count());
    return 0;
}
