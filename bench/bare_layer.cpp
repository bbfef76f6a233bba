// The layer engine in a bare Verilator loop: no testbench, no VPI, no Python. Both streams always
// move; the inputs are noise. Prints the cycles and the seconds that they took.
#include <cstdlib>
#include <cstring>

#include "Vlayer_engine.h"
#include "bare_loop.h"

// Verilator writes a double underscore as ___05F.
int main(int argc, char** argv) {
    if (argc != 4) return 2;
    const uint64_t command = std::strtoull(argv[1], nullptr, 10);
    const uint64_t limit = std::strtoull(argv[2], nullptr, 10);
    const int beat_bits = std::atoi(argv[3]);
    BareLoop<Vlayer_engine> loop;
    auto& top = loop.top;
    std::memcpy(&top.command___05Fpayload, &command, sizeof(top.command___05Fpayload));
    top.command___05Fvalid = 1;
    top.i___05Fvalid = 1;
    top.o___05Fready = 1;
    unsigned char beat[sizeof(top.i___05Fpayload)] = {};
    loop.start();
    while (loop.cycles < limit) {
        for (int bit = 0; bit < beat_bits; bit += 8) {
            const int left = beat_bits - bit;
            beat[bit / 8] = loop.noise() & (left < 8 ? (1 << left) - 1 : 255);
        }
        std::memcpy(&top.i___05Fpayload, beat, sizeof(beat));
        // One beat stays for as long as the engine takes to want the next.
        do {
            loop.tick();
        } while (!top.i___05Fready && loop.cycles < limit);
    }
    loop.finish();
    return 0;
}
