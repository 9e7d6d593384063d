#include "verb/telling.h"

#include <iostream>

namespace yanxing::verb {

void tell_decision(const assistant::TurnReport &report) {
  std::cout << "heard: " << report.transcript << "\n";
  for (const auto &repair : report.repairs) {
    std::cout << "repaired: " << repair.from << " → " << repair.to << "\n";
  }
  std::cout << "decided: " << dump(yanxing::to_json(report.decision)) << "\n" << std::flush;
}

void print_timings(const assistant::TurnReport &report) {
  std::cout << "times:";
  for (const auto &[stage, ms] : report.timings_ms) {
    std::cout << "  " << stage << " " << static_cast<long>(ms + 0.5) << " ms";
  }
  std::cout << "\n" << std::flush;
}

} // namespace yanxing::verb
