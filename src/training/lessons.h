// What `yanxing learn` teaches and asks: the user's own turns, some of them held back, among samples of the generator,
// so that nothing is forgotten.
#pragma once

#include "base/json.h"
#include "diary/diary.h"
#include "sim/generator.h"

#include <filesystem>
#include <string>
#include <vector>

namespace yanxing::training {

struct Lessons {
  std::vector<Json> taught; // rows in the form that `yanxing eval` reads
  std::vector<Json> held;   // never taught
  std::size_t corrected = 0;
};

// Corrected turns, and as many others as those that ended well, the latest ones. Of four turns one is held back; the
// same ones each time. `samples`: rows of files that hold corrections too (what the web page gathers).
Lessons lessons_of(const std::vector<diary::Entry> &entries, const std::vector<Json> &samples);

// Rows of the simulated world: `seed` says which.
Result<std::vector<Json>> replay(const sim::GeneratorSettings &settings);

// A fixed set of sentences after which nothing may be done: negations, questions, small talk, what no action fits.
inline constexpr std::uint64_t kSafetySeed = 990002;
sim::GeneratorSettings safety_set(std::size_t count);

Result<std::vector<Json>> read_rows(const std::filesystem::path &file);
Status write_rows(const std::filesystem::path &file, const std::vector<Json> &rows);

} // namespace yanxing::training
