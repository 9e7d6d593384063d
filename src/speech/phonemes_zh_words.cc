// No dictionary of all words is at hand, and none is needed: numbers, known phrases and common words are found first,
// then characters that stand alone (的, 把, 我 …), and what is left between is cut in twos, with a three at the end
// where the count is odd: most Mandarin words have two characters, and names and compounds (李经理, 计时器) three.
#include "speech/phonemes_zh_words.h"

#include "text/common_words.h"
#include "text/utf8.h"

#include <algorithm>

namespace yanxing::speech {
namespace {

bool is_numeral(char32_t c) {
  return std::u32string_view(U"零一二三四五六七八九十百千万亿两点幺").find(c) != std::u32string_view::npos;
}

bool stands_alone(char32_t c) {
  return std::u32string_view(U"的了是在把被我你您他她它和或与跟就都也还要会不没很太再请已到给吗呢吧啊呀让向从为用对这那"
                             U"有去来说叫请想能可")
             .find(c) != std::u32string_view::npos;
}

// Ends a compound: 预算表, 百分之, 上一步.
bool is_suffix(char32_t c) {
  return std::u32string_view(U"表器机员者率店部组课步边面家室厅灯钮键图单费额量版本们之儿").find(c) !=
         std::u32string_view::npos;
}

bool is_measure(char32_t c) {
  return std::u32string_view(U"度分秒时点个年月日号楼层元块米天次位封张份条盏台件页级倍周岁").find(c) !=
         std::u32string_view::npos;
}

// 二十六度, 十分钟, 二零二六年: the number and its measure are one word; digits said one by one come in groups.
std::size_t number_length(const std::u32string &text, std::size_t at) {
  auto end = at;
  bool units = false;
  while (end < text.size() && is_numeral(text[end])) {
    units = units || std::u32string_view(U"十百千万亿点").find(text[end]) != std::u32string_view::npos;
    ++end;
  }
  const auto digits = end - at;
  constexpr std::size_t kGroup = 4;
  if (!units && digits > kGroup) {
    const auto first = digits % kGroup;
    return first == 0 ? kGroup : first;
  }
  if (digits > 0 && end < text.size() && is_measure(text[end])) {
    ++end;
    end += end < text.size() && text[end - 1] == U'分' && text[end] == U'钟' ? 1 : 0;
  }
  return end - at;
}

} // namespace

std::vector<bool> word_ends(const std::u32string &text, const text::Pinyin &pinyin) {
  std::vector<bool> ends(text.size(), false);
  std::size_t loose = 0; // characters before `at` that belong to no word yet
  const auto close_loose = [&](std::size_t at) {
    auto begin = at - loose;
    if (loose == 1 && begin > 1 && is_suffix(text[begin]) && text::is_han(text[begin - 1]) &&
        !stands_alone(text[begin - 1])) {
      ends[begin - 1] = false;
      ends[begin] = true;
      begin = at;
    }
    while (begin < at) {
      const auto left = at - begin;
      const auto length = left == 3 ? 3 : std::min<std::size_t>(left, 2);
      begin += length;
      ends[begin - 1] = true;
    }
    loose = 0;
  };
  for (std::size_t at = 0; at < text.size();) {
    auto length =
        text::is_han(text[at]) ? std::max(number_length(text, at), pinyin.phrase_length(text, at)) : std::size_t{1};
    if (length < 2 && at + 1 < text.size() && text::is_common_word(std::u32string_view(text).substr(at, 2))) {
      length = 2;
    }
    if (length == 0 && stands_alone(text[at])) {
      length = 1;
    }
    if (length == 0) {
      ++loose;
      ++at;
      continue;
    }
    close_loose(at);
    at += length;
    ends[at - 1] = true;
  }
  close_loose(text.size());
  return ends;
}

} // namespace yanxing::speech
