// Samples for training and testing decisions: what somebody says in a simulated world, and what should be done. The
// same settings give the same samples on every machine. Samples come in groups that share registry, screen and
// contacts, in sequence, so that training computes what they share once. Rows are in the form that `yanxing eval`
// reads.
#pragma once

#include "base/result.h"
#include "sim/domain.h"
#include "sim/noise.h"
#include "sim/random.h"
#include "text/repair.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace yanxing::sim {

struct GeneratorSettings {
  std::uint64_t seed = 1;
  std::size_t count = 1000;
  std::string language = "mix"; // zh, en, mix
  std::set<std::string> kinds;  // of sample_kinds(); empty: all
  std::set<std::string> focus;  // domains one of which every world has; empty: as they are drawn
  std::size_t group = 8;        // samples that share a world
  double noise = 0.15;          // share of samples that are heard wrong
  double history = 0.06;        // share that stands after other turns
};

// call, compound, parallel, negation, chat, question, foreign, followup
std::vector<std::string> sample_kinds();

class Generator {
public:
  // `pinyin` and `repairer` may be null: then what is heard wrong in Mandarin is left out.
  Generator(const Knowledge &knowledge, GeneratorSettings settings, std::shared_ptr<const text::Pinyin> pinyin,
            const text::Repairer *repairer);

  // Calls `write` with each row (one line of JSON, no newline) until `count` are made or `write` fails.
  Status run(const std::function<Status(const std::string &row)> &write);
  [[nodiscard]] const std::map<std::string, std::size_t> &made() const { return made_; } // rows by kind

private:
  class Group;
  const Knowledge &knowledge_;
  GeneratorSettings settings_;
  Noise noise_;
  const text::Repairer *repairer_;
  std::map<std::string, std::size_t> made_;
};

} // namespace yanxing::sim
