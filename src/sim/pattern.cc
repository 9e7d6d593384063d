#include "sim/pattern.h"

namespace yanxing::sim {
namespace {

class Parser {
public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Pattern> parse() {
    Pattern pattern;
    while (at_ < text_.size() && (text_[at_] == '~' || text_[at_] == '!')) {
      (text_[at_] == '~' ? pattern.sentence : pattern.incomplete) = true;
      ++at_;
    }
    pattern.nodes = sequence();
    if (wrong_.empty() && at_ < text_.size()) {
      wrong_ = std::string("unexpected '") + text_[at_] + "'";
    }
    if (!wrong_.empty()) {
      return Error{"pattern \"" + std::string(text_) + "\": " + wrong_ + " at byte " + std::to_string(at_), ""};
    }
    return pattern;
  }

private:
  [[nodiscard]] bool more() const { return at_ < text_.size() && wrong_.empty(); }

  std::vector<Node> sequence() {
    std::vector<Node> nodes;
    while (more() && text_[at_] != ')' && text_[at_] != ']' && text_[at_] != '|') {
      const char c = text_[at_];
      if (c == '(') {
        nodes.push_back(group(Node::Kind::kChoice, ')'));
      } else if (c == '[') {
        nodes.push_back(group(Node::Kind::kOptional, ']'));
      } else if (c == '{') {
        nodes.push_back(slot());
      } else if (c == '}') {
        wrong_ = "unexpected '}'";
      } else {
        const auto end = std::min(text_.find_first_of("()[]{}|", at_), text_.size());
        Node node;
        node.text = text_.substr(at_, end - at_);
        nodes.push_back(std::move(node));
        at_ = end;
      }
    }
    return nodes;
  }

  Node group(Node::Kind kind, char close) {
    Node node;
    node.kind = kind;
    do {
      ++at_; // '(' '[' or '|'
      node.options.push_back(sequence());
    } while (more() && text_[at_] == '|');
    if (kind == Node::Kind::kOptional && node.options.size() > 1) { // [a|b]: said or not, and if so one of them
      Node choice;
      choice.kind = Node::Kind::kChoice;
      choice.options = std::move(node.options);
      node.options = {{std::move(choice)}};
    }
    if (at_ >= text_.size() || text_[at_] != close) {
      wrong_ = wrong_.empty() ? std::string("missing '") + close + "'" : wrong_;
    } else {
      ++at_;
    }
    return node;
  }

  Node slot() {
    Node node;
    node.kind = Node::Kind::kSlot;
    const auto end = text_.find('}', at_);
    if (end == std::string_view::npos) {
      wrong_ = "missing '}'";
      return node;
    }
    auto inside = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    if (const auto equal = inside.find('='); equal != std::string_view::npos) {
      node.value = inside.substr(equal + 1);
      node.silent = true;
      inside = inside.substr(0, equal);
    } else if (inside.ends_with("*")) {
      node.several = true;
      inside.remove_suffix(1);
    }
    node.text = inside;
    wrong_ = node.text.empty() ? "a slot without a name" : wrong_;
    return node;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string wrong_;
};

} // namespace

Result<Pattern> parse_pattern(std::string_view text) { return Parser(text).parse(); }

} // namespace yanxing::sim
