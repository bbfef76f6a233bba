// The network engine in a bare Verilator loop: no testbench, no VPI, no Python. Images are noise, as
// many as it takes; both streams always move. Prints the cycles and the seconds that they took.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "Vnetwork_engine.h"
#include "verilated.h"

// Verilator writes a double underscore as ___05F.
int main(int argc, char** argv) {
    if (argc != 4) return 2;
    const uint32_t control_at = std::strtoul(argv[1], nullptr, 10);  // word address
    const uint32_t enable = std::strtoul(argv[2], nullptr, 10);
    const uint64_t limit = std::strtoull(argv[3], nullptr, 10);
    VerilatedContext context;
    Vnetwork_engine top{&context};
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
    top.bus___05Fadr = control_at;
    top.bus___05Fdat_w = enable;
    top.bus___05Fsel = 15;
    top.bus___05Fwe = 1;
    top.bus___05Fcyc = 1;
    top.bus___05Fstb = 1;
    do {
        tick();
    } while (!top.bus___05Fack);
    top.bus___05Fcyc = 0;
    top.bus___05Fstb = 0;
    top.i___05Fvalid = 1;
    top.o___05Fready = 1;
    const auto start = std::chrono::steady_clock::now();
    cycles = 0;
    while (cycles < limit) {
        noise ^= noise << 13, noise ^= noise >> 17, noise ^= noise << 5;
        top.i___05Fpayload = noise & 127;
        // One byte stays for as long as the engine takes to want the next.
        do {
            tick();
        } while (!top.i___05Fready && cycles < limit);
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    top.final();
    std::printf("%llu %.6f\n", static_cast<unsigned long long>(cycles), seconds.count());
    return 0;
}
