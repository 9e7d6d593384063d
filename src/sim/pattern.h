// The small grammar in which utterances are written (assets/sim):
//   turn (on|off) the light      one of several, may be nested, may be empty
//   [ in the {room}]             said or not; left out where its argument is not in the schema
//   {room}                       a value of the argument `room`
//   {room*}                      the same; several values make several calls ("the kitchen and the hall")
//   {state=on}                   the argument's value is given by the wording; nothing is said for it
//   ~ at the start: a whole sentence that takes no "please", no "don't", and joins no other
//   ! at the start: may leave out a required time or duration ("set an alarm")
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace yanxing::sim {

struct Node {
  enum class Kind { kText, kChoice, kOptional, kSlot };
  Kind kind = Kind::kText;
  std::string text;  // kText: the words; kSlot: the argument
  std::string value; // kSlot: what `{argument=value}` gives
  bool silent = false;
  bool several = false;
  std::vector<std::vector<Node>> options; // kChoice; kOptional has one
};

struct Pattern {
  std::vector<Node> nodes;
  bool sentence = false;
  bool incomplete = false;
};

Result<Pattern> parse_pattern(std::string_view text);

} // namespace yanxing::sim
