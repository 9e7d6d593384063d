// Somebody who asks for things: draws values, and says patterns with them.
#pragma once

#include "sim/world.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace yanxing::sim {

// A run of what is said, and where it comes from: noise may touch words and names that are known, not what has to be
// copied letter by letter.
struct Segment {
  enum class Source { kWords, kKnown, kCopied };
  std::string text;
  Source source = Source::kWords;
};
using Said = std::vector<Segment>;
std::string text_of(const Said &said);

struct Value {
  const ArgUse *arg = nullptr;
  Json gold;
  bool copied = false; // `gold` is the very words (texts, or a list of them)
  Said said;
};

struct Call {
  const ToolUse *tool = nullptr;
  std::vector<Value> values; // in any order
  [[nodiscard]] const Value *find(const ArgUse *arg) const;
};

struct Utterance {
  Said said;
  std::vector<Call> calls; // none: nothing is to be done
  bool sentence = false;   // takes no "please" and no "don't"
};

class Speaker {
public:
  Speaker(const Knowledge &knowledge, const World &world, Random &random)
      : knowledge_(knowledge), world_(world), random_(random) {}

  // One request for a tool of the world; nothing where no pattern can be said here. `several`: more than one value in
  // one sentence where the pattern allows it.
  std::optional<Utterance> ask(const ToolUse &tool, bool several = false);
  // Another value for this argument.
  std::optional<Value> draw(const ArgUse &arg);

  // A pattern whose slots are filled by what was said before ({x}).
  using Fill = std::function<bool(const std::string &slot, Said &out)>;
  std::optional<Said> say(const Pattern &pattern, const Fill &fill);
  // One of phrases.json's patterns under `key`; nothing where there is none.
  std::optional<Said> phrase(std::string_view key, const Fill &fill = {});

private:
  // Says a slot; `keep` tells how much has been said, `drop` forgets what came after that (a part that failed).
  struct SlotWriter {
    std::function<bool(const Node &, Said &)> say;
    std::function<std::size_t()> keep;
    std::function<void(std::size_t)> drop;
  };
  bool write(const std::vector<Node> &nodes, const SlotWriter &slots, Said &out);
  bool write_option(const std::vector<Node> &nodes, const SlotWriter &slots, Said &out);
  [[nodiscard]] bool usable(const std::vector<Node> &nodes, const ToolUse &tool) const;
  [[nodiscard]] bool usable(const Node &slot, const ToolUse &tool) const;
  [[nodiscard]] bool imperative(const Said &said) const;
  std::optional<Json> silent_value(const ArgUse &arg, const std::string &value) const;
  Said joined(const std::vector<Value> &values);

  std::optional<Value> draw_entry(const ArgUse &arg, const ArgDef &def);
  std::optional<Value> draw_number(const ArgUse &arg, const ArgDef &def);
  std::optional<Value> draw_person(const ArgUse &arg);
  std::optional<Value> draw_element(const ArgUse &arg);
  std::optional<Value> draw_list(const ArgUse &arg);
  std::string time_phrase();
  std::string duration_phrase();
  std::string element_phrase(const Element &element);
  std::optional<Value> draw_once(const ArgUse &arg, const ArgDef &def);

  const Knowledge &knowledge_;
  const World &world_;
  Random &random_;
};

} // namespace yanxing::sim
