// The network engine in a bare Verilator loop: no testbench, no VPI, no Python. Images are noise, as
// many as it takes; both streams always move. Prints the cycles and the seconds that they took.
#include <cstdlib>

#include "Vnetwork_engine.h"
#include "bare_loop.h"

// Verilator writes a double underscore as ___05F.
int main(int argc, char** argv) {
    if (argc != 4) return 2;
    const uint32_t control_at = std::strtoul(argv[1], nullptr, 10);  // word address
    const uint32_t enable = std::strtoul(argv[2], nullptr, 10);
    const uint64_t limit = std::strtoull(argv[3], nullptr, 10);
    BareLoop<Vnetwork_engine> loop;
    auto& top = loop.top;
    top.bus___05Fadr = control_at;
    top.bus___05Fdat_w = enable;
    top.bus___05Fsel = 15;
    top.bus___05Fwe = 1;
    top.bus___05Fcyc = 1;
    top.bus___05Fstb = 1;
    do {
        loop.tick();
    } while (!top.bus___05Fack);
    top.bus___05Fcyc = 0;
    top.bus___05Fstb = 0;
    top.i___05Fvalid = 1;
    top.o___05Fready = 1;
    loop.start();
    while (loop.cycles < limit) {
        top.i___05Fpayload = loop.noise() & 127;
        // One byte stays for as long as the engine takes to want the next.
        do {
            loop.tick();
        } while (!top.i___05Fready && loop.cycles < limit);
    }
    loop.finish();
    return 0;
}
