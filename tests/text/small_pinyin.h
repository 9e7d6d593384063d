// A few readings in the format of the real tables, so that unit tests need no model.
#pragma once

#include "base/files.h"
#include "text/pinyin.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

#include "text/utf8.h"

namespace yanxing::text {

class SmallPinyin : public testing::Test {
protected:
  SmallPinyin() {
    static constexpr std::pair<std::string_view, std::string_view> kReadings[] = {
        {"李理里", "lǐ"}, {"经", "jīng"},   {"静", "jìng"},    {"给", "gěi"},       {"发", "fā,fà"}, {"把", "bǎ"},
        {"王亡", "wáng"}, {"网往", "wǎng"}, {"芳方", "fāng"},  {"房", "fáng"},      {"的", "de,dì"}, {"灯", "dēng"},
        {"动", "dòng"},   {"客", "kè"},     {"厅", "tīng"},    {"打", "dǎ"},        {"开", "kāi"},   {"没梅", "méi"},
        {"这", "zhè"},    {"有", "yǒu"},    {"银", "yín"},     {"行", "xíng,háng"}, {"女", "nǚ"},    {"儿", "ér"},
        {"学", "xué"},    {"云", "yún"},    {"六", "liù"},     {"水", "shuǐ"},      {"春", "chūn"},  {"一", "yī"},
        {"不", "bù"},     {"对", "duì"},    {"好", "hǎo,hào"}, {"你", "nǐ"},        {"我", "wǒ"},    {"也", "yě"},
        {"四", "sì"},     {"知", "zhī"},    {"日", "rì"},      {"二", "èr"},        {"哦", "ó"},     {"敏", "mǐn"},
        {"个", "gè"},     {"天", "tiān"},   {"月", "yuè"},     {"看", "kàn"},       {"十", "shí"},   {"年", "nián"},
        {"预", "yù"},     {"算", "suàn"},   {"表", "biǎo"},    {"标", "biāo"},      {"先", "xiān"},  {"生", "shēng"}};
    std::string characters;
    for (const auto &[all, reading] : kReadings) {
      for (const char32_t c : to_code_points(all)) {
        characters += (characters.empty() ? "\"" : ",\"") + std::to_string(static_cast<unsigned>(c)) + "\":\"" +
                      std::string(reading) + "\"";
      }
    }
    EXPECT_TRUE(write_file(folder_ / "pinyin_dict.json", "{" + characters + "}"));
    EXPECT_TRUE(write_file(folder_ / "phrases_dict.json", R"({"银行":[["yín"],["háng"]],"一行":[["yì"],["xíng"]]})"));
    auto opened = Pinyin::open(folder_);
    EXPECT_TRUE(opened);
    pinyin_ = opened ? *opened : nullptr;
  }
  ~SmallPinyin() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("yanxing-pinyin-" + std::to_string(getpid()));
  std::shared_ptr<const Pinyin> pinyin_;
};

} // namespace yanxing::text
