// What the words themselves say, before any model is asked: which values of a closed set are named and where, which
// numbers, which people, which elements of the screen. Small models fill every optional argument or none (DESIGN
// section 5); evidence in the words decides each on its own.
#pragma once

#include "base/shapes.h"
#include "text/words.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace yanxing::text {

// Lower case, half width, '_' and '-' as spaces: the form in which words are compared.
std::string fold(std::string_view utf8);

struct Mention {
  Span span;
  double score = 0; // 1: named exactly; less: in part
};
// Where `folded` names `phrase` (folded by the callee): exactly at word boundaries (1), with other inflections (0.95),
// with other words between (0.8), or, for one that is named in part, the share that is (below 0.7).
std::optional<Mention> find_mention(const std::string &folded, std::string_view phrase);

struct SpokenNumber {
  double value = 0;
  Span span;
  bool percent = false; // 30 %, thirty percent, 百分之三十: the value is 30
};
// In digits and in words, in the order in which they stand.
std::vector<SpokenNumber> find_numbers(const std::string &folded);

// Names (or aliases) of contacts as they stand in the utterance; the longest where one holds another.
std::vector<std::string> people_named(const std::string &utterance, const std::vector<Contact> &contacts);

struct ElementMatch {
  const Element *element = nullptr;
  double score = 0; // > 0; 1 and more: its name is said
};
// Elements that the utterance may mean, best first: by name, by kind (表格, button), by deixis (这个, this →
// current_*).
std::vector<ElementMatch> match_elements(const std::string &utterance, const Screen &screen);

// Share of an action's own words (name, description) that are said, 0..1.
double action_evidence(const std::string &folded, const ActionSpec &spec);

} // namespace yanxing::text
