// GBNF has no "anything but": what may not be written must be left out of what may. So the texts are spelled out as an
// automaton, a rule a state, which reads two things at once: how far the answer has come towards the opening of a call
// (```json, [, {"name":"TOOL", with white space where JSON has it) and how much of `marker` its end is. A text is
// whatever leaves the way to an opening. The rules are deterministic, so checking a token costs little, and the
// grammar holds from the first token on: nothing has to be triggered in the middle of one.
#include "server/call_grammar.h"

#include "text/utf8.h"

#include <algorithm>
#include <array>
#include <iomanip>
#include <map>
#include <set>
#include <sstream>

namespace yanxing::server {
namespace {

constexpr std::u32string_view kSpaces = U" \t\r\n";
// What may stand before the first brace.
constexpr std::array<std::u32string_view, 6> kLeads{U"", U"```", U"```json", U"[", U"```[", U"```json["};

struct State {
  bool open = true;       // may still become a call
  std::u32string written; // of the opening, white space left out; begins anew with the brace
  std::size_t marked = 0; // characters of the marker at the end
  auto operator<=>(const State &) const = default;
};

class Automaton {
public:
  Automaton(const std::vector<CallOpening> &tools, const std::string &marker, std::string native_rule)
      : marker_(text::to_code_points(marker)), native_rule_(std::move(native_rule)) {
    for (const auto &tool : tools) {
      const auto name = UR"({"name":")" + text::to_code_points(tool.tool) + U"\"";
      loose_.insert(name);
      rest_rules_[name + U","] = tool.rest_rule;
      targets_.insert(name + U",");
    }
    for (const auto lead : kLeads) {
      loose_.insert(std::u32string(lead));
      targets_.insert(std::u32string(lead) + U"{");
    }
    loose_.insert({U"{", UR"({"name")", UR"({"name":)"});
  }

  std::string rules() {
    (void)rule_of(State{});
    for (std::size_t i = 0; i < states_.size(); ++i) {
      const auto state = states_[i];
      out_ << (i == 0 ? "answer" : "text-" + std::to_string(i)) << " ::= " << alternatives(state) << "\n";
    }
    return out_.str();
  }

private:
  std::string rule_of(const State &state) {
    const auto [found, is_new] = numbers_.emplace(state, states_.size());
    if (is_new) {
      states_.push_back(state);
    }
    return found->second == 0 ? "answer" : "text-" + std::to_string(found->second);
  }

  [[nodiscard]] bool may_follow(const std::u32string &written, char32_t c) const {
    const auto longer = written + c;
    const auto found = targets_.lower_bound(longer);
    return found != targets_.end() && found->starts_with(longer);
  }

  [[nodiscard]] std::size_t marked_after(std::size_t marked, char32_t c) const {
    const auto tail = marker_.substr(0, marked) + c;
    for (auto length = std::min(tail.size(), marker_.size()); length > 0; --length) {
      if (tail.ends_with(marker_.substr(0, length))) {
        return length;
      }
    }
    return 0;
  }

  [[nodiscard]] State after(const State &state, char32_t c) const {
    State next{state.open, state.written, marked_after(state.marked, c)};
    const bool is_space = kSpaces.find(c) != std::u32string_view::npos;
    if (!state.open || (is_space && loose_.contains(state.written))) {
      return next;
    }
    next.open = may_follow(state.written, c);
    next.written = !next.open ? U"" : c == U'{' ? U"{" : state.written + c;
    return next;
  }

  // The characters that a state tells apart; all others lead the same way.
  [[nodiscard]] std::set<char32_t> told_apart(const State &state) const {
    std::set<char32_t> characters(marker_.begin(), marker_.end());
    if (!state.open) {
      return characters;
    }
    if (loose_.contains(state.written)) {
      characters.insert(kSpaces.begin(), kSpaces.end());
    }
    for (auto target = targets_.lower_bound(state.written);
         target != targets_.end() && target->starts_with(state.written); ++target) {
      if (target->size() > state.written.size()) {
        characters.insert((*target)[state.written.size()]);
      }
    }
    return characters;
  }

  std::string alternatives(const State &state) {
    std::map<std::string, std::u32string> ways; // what follows, after which characters
    const auto told = told_apart(state);
    for (const char32_t c : told) {
      const auto next = after(state, c);
      if (!marker_.empty() && next.marked == marker_.size()) {
        continue; // only in the model's own form
      }
      const auto rest = rest_rules_.find(next.open ? next.written : U"");
      ways[rest == rest_rules_.end() ? rule_of(next) : rest->second] += c;
    }
    std::string text = "\"\""; // a text may end anywhere
    if (!native_rule_.empty()) {
      text += " | " + native_rule_;
    }
    for (const auto &[next, characters] : ways) {
      text += " | [" + escaped(characters) + "] " + next;
    }
    const auto others = told.empty() ? std::string(".") : "[^" + escaped({told.begin(), told.end()}) + "]";
    return text + " | " + others + " " + rule_of(State{false, U"", 0});
  }

  static std::string escaped(const std::u32string &characters) {
    std::ostringstream text;
    for (const char32_t c : characters) {
      text << "\\U" << std::hex << std::setw(8) << std::setfill('0') << static_cast<std::uint32_t>(c);
    }
    return text.str();
  }

  std::u32string marker_;
  std::string native_rule_;
  std::set<std::u32string> targets_; // openings, whole
  std::set<std::u32string> loose_;   // where white space may follow
  std::map<std::u32string, std::string> rest_rules_;
  std::map<State, std::size_t> numbers_;
  std::vector<State> states_;
  std::ostringstream out_;
};

} // namespace

std::string text_or_call_grammar(const std::vector<CallOpening> &tools, const std::string &marker,
                                 const std::string &native_rule) {
  return Automaton(tools, marker, native_rule).rules();
}

} // namespace yanxing::server
