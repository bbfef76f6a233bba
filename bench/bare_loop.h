// What a bare Verilator loop around any top has: a clock, noise, and the cycles and seconds that it took.
#pragma once
#include <chrono>
#include <cstdint>
#include <cstdio>

#include "verilated.h"

template <typename Top>
class BareLoop {
  public:
    BareLoop() {
        top.rst = 1;
        tick();
        top.rst = 0;
    }

    void tick() {
        top.clk = 0;
        top.eval();
        top.clk = 1;
        top.eval();
        ++cycles;
    }

    uint32_t noise() {
        state_ ^= state_ << 13, state_ ^= state_ >> 17, state_ ^= state_ << 5;
        return state_;
    }

    void start() {
        cycles = 0;
        begin_ = std::chrono::steady_clock::now();
    }

    void finish() {
        const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin_;
        top.final();
        std::printf("%llu %.6f\n", static_cast<unsigned long long>(cycles), seconds.count());
    }

  private:
    VerilatedContext context_;  // must be there before the top, and after it
    std::chrono::steady_clock::time_point begin_;
    uint32_t state_ = 1;

  public:
    Top top{&context_};
    uint64_t cycles = 0;
};
