#include "text/evidence.h"

#include "text/numbers.h"
#include "text/utf8.h"
#include "text/words.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>

namespace yanxing::text {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_function_word(const std::string &stemmed) {
  static const std::set<std::string, std::less<>> kWords{
      "a",  "an", "th", "the", "of", "to", "in", "on", "for", "and",  "or",  "with", "it",   "is", "at", "by",
      "my", "me", "i",  "you", "be", "do", "if", "as", "pl",  "that", "thi", "are",  "from", "us", "can"};
  return kWords.contains(stemmed);
}

// What may stand between the words of one name; "and" and "or" part two.
bool is_link(const std::string &stemmed) { return is_function_word(stemmed) && stemmed != "and" && stemmed != "or"; }

// Words of the phrase that the utterance has, in order and near each other; the first of them starts the mention.
std::optional<Mention> find_words(const std::string &folded, const std::string &phrase) {
  const auto wanted = words_of(phrase);
  const auto said = words_of(folded);
  if (wanted.empty() || said.empty()) {
    return std::nullopt;
  }
  constexpr std::size_t kSlack = 2;
  constexpr double kInflected = 0.95;
  constexpr double kParted = 0.8;
  constexpr double kInPart = 0.65;
  std::optional<Mention> best;
  for (std::size_t first = 0; first < wanted.size(); ++first) {
    for (std::size_t start = 0; start < said.size(); ++start) {
      if (said[start].stem != wanted[first].stem) {
        continue;
      }
      std::size_t found = 1;
      std::size_t content = is_function_word(wanted[first].stem) ? 0 : 1;
      std::size_t last = start;
      std::size_t links = 0; // function words between: "the batteries are charging" is battery_charging
      for (auto w = first + 1; w < wanted.size(); ++w) {
        const auto end = std::min(said.size(), last + kSlack + 2);
        for (auto i = last + 1; i < end; ++i) {
          if (said[i].stem == wanted[w].stem) {
            ++found;
            content += is_function_word(wanted[w].stem) ? 0 : 1;
            links += static_cast<std::size_t>(std::count_if(said.begin() + static_cast<std::ptrdiff_t>(last) + 1,
                                                            said.begin() + static_cast<std::ptrdiff_t>(i),
                                                            [](const Word &between) { return is_link(between.stem); }));
            last = i;
            break;
          }
        }
      }
      if (content == 0) {
        continue;
      }
      const bool whole = found == wanted.size();
      const double share = static_cast<double>(found) / static_cast<double>(wanted.size());
      const double score = !whole ? kInPart * share : last - start + 1 == found + links ? kInflected : kParted;
      if (!best || score > best->score) {
        best = Mention{{said[start].span.begin, said[last].span.end}, score};
      }
    }
    if (best && best->score >= kParted) {
      break;
    }
  }
  return best;
}

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

bool starts_character(const std::string &text, std::size_t at) {
  return at >= text.size() || (static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U;
}

// Longest run of the phrase (two characters or more) that the utterance has.
std::optional<Mention> find_run(const std::string &folded, const std::string &phrase) {
  const auto whole = characters(phrase);
  for (std::size_t length = phrase.size(); length >= 6; --length) { // 6 bytes: two Han characters
    for (std::size_t at = 0; at + length <= phrase.size(); ++at) {
      if (!starts_character(phrase, at) || !starts_character(phrase, at + length)) {
        continue;
      }
      const auto run = std::string_view(phrase).substr(at, length);
      if (const auto found = folded.find(run); found != std::string::npos) {
        const double share = static_cast<double>(characters(run)) / static_cast<double>(whole);
        return Mention{{found, found + length}, 0.65 * share};
      }
    }
  }
  return std::nullopt;
}

double small_number(const std::string &word) {
  static constexpr std::array<std::string_view, 21> kWords{
      "zero",     "one",     "two",     "three",     "four",     "five",     "six",
      "seven",    "eight",   "nine",    "ten",       "eleven",   "twelve",   "thirteen",
      "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"};
  const auto found = std::find(kWords.begin(), kWords.end(), word);
  return found == kWords.end() ? -1 : static_cast<double>(found - kWords.begin());
}

struct KindWords {
  std::string_view kind;
  std::vector<std::string_view> words;
};

const std::vector<KindWords> &kind_words() {
  static const std::vector<KindWords> kKinds{
      {"table", {"表格", "报表", "表", "table", "spreadsheet", "sheet"}},
      {"image", {"图片", "照片", "截图", "图", "picture", "image", "photo"}},
      {"document", {"文档", "文件", "文章", "document", "file", "page"}},
      {"button", {"按钮", "按键", "button"}},
      {"field", {"输入框", "文本框", "搜索框", "field", "box"}},
      {"link", {"链接", "link"}},
      {"checkbox", {"复选框", "勾选", "checkbox"}},
      {"menu", {"菜单", "menu"}},
      {"tab", {"标签页", "选项卡", "标签", "tab"}},
      {"window", {"窗口", "window"}},
      {"icon", {"图标", "icon"}},
      {"cell", {"单元格", "格子", "cell"}},
      {"selection", {"选中", "选择的", "选定", "selected", "selection", "highlighted"}},
      {"slider", {"滑块", "slider"}},
      {"list", {"列表", "list"}},
  };
  return kKinds;
}

} // namespace

namespace {

// A '-' that belongs to the number behind it, not to the word before.
bool is_sign(std::string_view text, std::size_t at) {
  const bool number = at + 1 < text.size() && is_digit(text[at + 1]);
  return number && (at == 0 || std::string_view(" =([,:").find(text[at - 1]) != std::string_view::npos);
}

// Does what stands before a number make it negative? Then where that begins.
std::optional<std::size_t> find_minus(std::string_view folded, std::size_t number) {
  for (const std::string_view word : {"-", "minus ", "negative ", "负", "零下"}) {
    if (number >= word.size() && folded.substr(number - word.size(), word.size()) == word) {
      return number - word.size();
    }
  }
  return std::nullopt;
}

// End of the digits at `begin`; commas only where they part thousands ("1,200", not "85,90").
std::size_t end_of_digits(const std::string &text, std::size_t begin) {
  const auto digits_from = [&](std::size_t at) {
    auto end = at;
    while (end < text.size() && is_digit(text[end])) {
      ++end;
    }
    return end - at;
  };
  auto end = begin + digits_from(begin);
  while (end < text.size() && text[end] == ',' && digits_from(end + 1) == 3) {
    end += 4;
  }
  if (end < text.size() && text[end] == '.' && digits_from(end + 1) > 0) {
    end += 1 + digits_from(end + 1);
  }
  return end;
}

std::vector<SpokenNumber> numbers_in_digits(const std::string &folded) {
  std::vector<SpokenNumber> numbers;
  for (std::size_t i = 0; i < folded.size();) {
    if (!is_digit(folded[i])) {
      ++i;
      continue;
    }
    const auto end = end_of_digits(folded, i);
    auto digits = folded.substr(i, end - i);
    std::erase(digits, ',');
    const auto minus = find_minus(folded, i);
    const double value = std::strtod(digits.c_str(), nullptr);
    numbers.push_back({minus ? -value : value, {minus.value_or(i), end}});
    i = end;
  }
  return numbers;
}

// The numbers of "3点50", "30%", "2.5", all of which were said where `words` is.
void add_digits(const std::string &digits, const Span &words, const std::string &folded,
                std::vector<SpokenNumber> &numbers) {
  const auto minus = find_minus(folded, words.begin);
  for (const auto &number : numbers_in_digits(digits)) {
    numbers.push_back(
        {minus ? -number.value : number.value, {minus.value_or(words.begin), words.end}, digits.ends_with('%')});
  }
}

void add_words_en(const std::string &folded, std::vector<SpokenNumber> &numbers) {
  const auto words = number_words_en(folded);
  for (const auto &word : words) {
    add_digits(word.digits, {word.begin, word.end}, folded, numbers);
  }
  const auto is_read = [&](std::size_t at) {
    return std::any_of(words.begin(), words.end(), [&](const auto &word) { return word.begin <= at && at < word.end; });
  };
  for (std::size_t i = 0; i < folded.size();) { // "one", which a transcript leaves a word
    auto end = i;
    while (end < folded.size() && is_word_byte(folded[end])) {
      ++end;
    }
    if (const double value = small_number(folded.substr(i, end - i)); value >= 0 && !is_read(i)) {
      numbers.push_back({value, {i, end}});
    }
    i = std::max(end, i + 1);
  }
}

void add_words_zh(const std::string &folded, std::vector<SpokenNumber> &numbers) {
  if (language_of(folded) != Language::kChinese) {
    return;
  }
  const auto text = to_code_points(folded);
  std::vector<std::size_t> begins{0}; // of each character in bytes, and of the end
  for (std::size_t i = 0; i < text.size(); ++i) {
    begins.push_back(begins.back() + to_utf8(std::u32string_view(text).substr(i, 1)).size());
  }
  if (begins.back() != folded.size()) {
    return; // broken UTF-8
  }
  for (const auto &word : number_words_zh(text)) {
    add_digits(to_utf8(word.digits), {begins[word.begin], begins[word.end]}, folded, numbers);
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (const long value = lone_numeral_zh(text, i); value > 0) {
      const Span span{begins[i], begins[i + 1]};
      const bool known = std::any_of(numbers.begin(), numbers.end(),
                                     [&](const SpokenNumber &number) { return number.span.overlaps(span); });
      if (!known) {
        numbers.push_back({static_cast<double>(value), span});
      }
    }
  }
}

} // namespace

std::string fold(std::string_view utf8) {
  std::string out;
  out.reserve(utf8.size());
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto c = static_cast<unsigned char>(utf8[i]);
    // Full-width forms U+FF01…U+FF5E are EF BC 81 … EF BD 9E.
    if (c == 0xEF && i + 2 < utf8.size() && (static_cast<unsigned char>(utf8[i + 1]) & 0xFEU) == 0xBCU) {
      const unsigned code =
          ((static_cast<unsigned char>(utf8[i + 1]) & 0x3FU) << 6U) | (static_cast<unsigned char>(utf8[i + 2]) & 0x3FU);
      constexpr unsigned kFirst = 0xF01;
      constexpr unsigned kLast = 0xF5E;
      if (code >= kFirst && code <= kLast) {
        out += static_cast<char>(std::tolower(static_cast<int>(code - kFirst) + '!'));
        i += 2;
        continue;
      }
    }
    const bool sign = c == '-' && is_sign(utf8, i);
    out += !sign && (c == '_' || c == '-') ? ' ' : c < 0x80 ? static_cast<char>(std::tolower(c)) : static_cast<char>(c);
  }
  return out;
}

std::optional<Mention> find_mention(const std::string &folded, std::string_view phrase) {
  auto wanted = fold(phrase);
  const auto first = wanted.find_first_not_of(' ');
  if (first == std::string::npos) {
    return std::nullopt;
  }
  wanted = wanted.substr(first, wanted.find_last_not_of(' ') - first + 1);
  if (const auto exact = find_exact(folded, wanted)) {
    return Mention{*exact, 1.0};
  }
  return language_of(wanted) == Language::kChinese ? find_run(folded, wanted) : find_words(folded, wanted);
}

std::vector<SpokenNumber> find_numbers(const std::string &folded) {
  auto numbers = numbers_in_digits(folded);
  add_words_en(folded, numbers);
  add_words_zh(folded, numbers);
  for (auto &number : numbers) {
    const auto behind = std::string_view(folded).substr(number.span.end);
    number.percent = number.percent || behind.starts_with("%") || behind.starts_with(" percent");
  }
  std::stable_sort(numbers.begin(), numbers.end(),
                   [](const auto &a, const auto &b) { return a.span.begin < b.span.begin; });
  return numbers;
}

std::vector<std::string> people_named(const std::string &utterance, const std::vector<Contact> &contacts) {
  const auto folded = fold(utterance);
  std::vector<std::pair<Span, std::string>> found;
  for (const auto &contact : contacts) {
    auto names = contact.aliases;
    names.push_back(contact.name);
    for (const auto &name : names) {
      if (const auto mention = find_mention(folded, name); mention && mention->score >= 1.0) {
        found.emplace_back(mention->span, name);
      }
    }
  }
  std::sort(found.begin(), found.end(), [](const auto &a, const auto &b) { return a.first.size() > b.first.size(); });
  std::vector<std::pair<Span, std::string>> kept;
  for (auto &candidate : found) {
    const bool covered = std::any_of(kept.begin(), kept.end(), [&](const auto &longer) {
      return longer.first.overlaps(candidate.first) && longer.first.size() > candidate.first.size();
    });
    const bool twice =
        std::any_of(kept.begin(), kept.end(), [&](const auto &k) { return k.second == candidate.second; });
    if (!covered && !twice) {
      kept.push_back(std::move(candidate));
    }
  }
  std::sort(kept.begin(), kept.end(), [](const auto &a, const auto &b) { return a.first.begin < b.first.begin; });
  std::vector<std::string> names;
  for (auto &[span, name] : kept) {
    names.push_back(std::move(name));
  }
  return names;
}

std::vector<ElementMatch> match_elements(const std::string &utterance, const Screen &screen) {
  static const std::vector<std::string_view> kDeixis{"这个", "这张", "这份", "这篇",    "这封", "这里",  "当前",
                                                     "此",   "它",   "this", "current", "it",   "these", "that"};
  constexpr double kKindScore = 0.5;
  constexpr double kDeixisScore = 0.3;
  const auto folded = fold(utterance);
  const bool deixis = says_any(folded, kDeixis);
  std::set<std::string_view> kinds;
  for (const auto &[kind, words] : kind_words()) {
    if (says_any(folded, words)) {
      kinds.insert(kind);
    }
  }
  std::vector<ElementMatch> matches;
  for (const auto &element : screen.elements) {
    double score = 0;
    for (const auto *label : {&element.name, &element.text}) {
      if (!label->empty() && label->size() <= 80) {
        if (const auto mention = find_mention(folded, *label)) {
          // A longer name that is said is the better evidence.
          const double length = std::min(1.0, static_cast<double>(mention->span.size()) / 40.0);
          score = std::max(score, mention->score + (mention->score >= 0.9 ? length * 0.5 : 0));
        }
      }
    }
    const bool current = element.id.starts_with("current_");
    const std::string_view kind = current ? std::string_view(element.id).substr(8) : std::string_view(element.kind);
    if (kinds.contains(kind) || kinds.contains(element.kind)) {
      score += kKindScore + (current ? kDeixisScore : 0);
    }
    if (deixis && current) {
      score += kDeixisScore;
    }
    if (score > 0) {
      matches.push_back({&element, score});
    }
  }
  std::stable_sort(matches.begin(), matches.end(),
                   [](const ElementMatch &a, const ElementMatch &b) { return a.score > b.score; });
  return matches;
}

double action_evidence(const std::string &folded, const ActionSpec &spec) {
  std::string own;
  for (const char c : spec.name) { // camelCase and dots part words
    if (std::isupper(static_cast<unsigned char>(c)) != 0 || c == '.') {
      own += ' ';
    }
    own += c;
  }
  own = fold(own + " " + spec.description.en);
  std::set<std::string> said;
  for (auto &word : words_of(folded)) {
    said.insert(word.stem);
  }
  std::set<std::string> distinct;
  std::size_t hits = 0;
  std::size_t total = 0;
  for (auto &word : words_of(own)) {
    if (!is_function_word(word.stem) && distinct.insert(word.stem).second) {
      ++total;
      hits += said.contains(word.stem) ? 1U : 0U;
    }
  }
  constexpr double kFew = 4.0; // a short description must not win by one common word
  double score =
      total == 0 ? 0 : static_cast<double>(hits) / std::max(kFew, static_cast<double>(std::min<std::size_t>(total, 8)));
  if (!spec.description.zh.empty()) {
    if (const auto run = find_run(folded, fold(spec.description.zh))) {
      score = std::max(score,
                       0.5 * static_cast<double>(characters(folded.substr(run->span.begin, run->span.size()))) / 4.0);
    }
  }
  return std::min(1.0, score);
}

} // namespace yanxing::text
