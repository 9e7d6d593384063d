// Puts right what a recogniser heard wrong, against words that are known in this turn: contacts, screen text,
// action phrases. 理经理 → 李经理 where 李经理 is a contact. A word that is not known is never changed.
#pragma once

#include "text/pinyin.h"

#include <memory>
#include <string>
#include <vector>

namespace yanxing::text {

struct KnownWord {
  std::string text;
  double weight = 1; // > 1: preferred where two fit (contacts over screen text)
};

struct Repair {
  std::string from;
  std::string to;
  std::size_t at = 0; // byte offset in the repaired text
};

struct Repaired {
  std::string text;
  std::vector<Repair> repairs; // what was changed, for the log and for the reply
};

// Chinese by sound (pinyin), English by sound-alike spelling (edit distance on a phonetic key).
class Repairer {
public:
  explicit Repairer(std::shared_ptr<const Pinyin> pinyin);
  ~Repairer();
  [[nodiscard]] Repaired repair(const std::string &transcript, const std::vector<KnownWord> &known) const;

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

} // namespace yanxing::text
