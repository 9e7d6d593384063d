#include "text/normalize.h"

#include <gtest/gtest.h>

namespace yanxing::text {
namespace {

struct Pair {
  const char *from;
  const char *to;
};

TEST(Normalize, ChineseNumbersBecomeDigits) {
  for (const auto &[from, to] :
       {Pair{"设定二十九度", "设定29度"}, Pair{"一百五", "150"}, Pair{"一百零五元", "105元"}, Pair{"三点五", "3.5"},
        Pair{"百分之三十", "30%"}, Pair{"百分之五十五点五", "55.5%"}, Pair{"下午三点半", "下午3点半"},
        Pair{"幺三八零零", "13800"}, Pair{"二零二六年十一月二十四号", "2026年11月24号"}, Pair{"十五层", "15层"},
        Pair{"一万三千五百六十元", "13560元"}, Pair{"三万二", "32000"}, Pair{"十分钟后提醒我", "10分钟后提醒我"}}) {
    EXPECT_EQ(normalize_numbers(from, Language::kChinese), to) << from;
  }
}

TEST(Normalize, WordsThatHoldNumeralsStay) {
  for (const char *text :
       {"一下", "一个", "一些", "第一", "万一", "三星手机", "一起", "十分感谢", "打开两盏灯", "千万不要", "百度一下",
        "一点都不好", "三四天", "七八月份", "亿万", "星期一", "上一年", "每一层", "十几个"}) {
    EXPECT_EQ(normalize_numbers(text, Language::kChinese), text);
  }
}

TEST(Normalize, EnglishNumbers) {
  for (const auto &[from, to] :
       {Pair{"set it to twenty six degrees", "set it to 26 degrees"}, Pair{"one hundred and five", "105"},
        Pair{"five hundred thousand", "500000"}, Pair{"nineteen eighty four", "1984"},
        Pair{"call one three eight oh oh", "call 13800"}, Pair{"three point five", "3.5"}}) {
    EXPECT_EQ(normalize_numbers(from, Language::kEnglish), to) << from;
  }
  for (const char *text : {"half past three", "a single espresso", "a double shot", "this one"}) {
    EXPECT_EQ(normalize_numbers(text, Language::kEnglish), text);
  }
}

TEST(Normalize, TranscriptsGetOneSpelling) {
  EXPECT_EQ(normalize_transcript("空調調到二十六度。", Language::kChinese), "空调调到26度");
  EXPECT_EQ(normalize_transcript(" 打开１２３ ", Language::kChinese), "打开123");
  EXPECT_EQ(normalize_transcript("我 想 听 歌", Language::kChinese), "我想听歌");
  EXPECT_EQ(normalize_transcript("Send this.", Language::kEnglish), "Send this");
  EXPECT_EQ(normalize_transcript("\xFF\xE6", Language::kChinese), "��");
  EXPECT_EQ(normalize_transcript("", Language::kChinese), "");
}

TEST(Normalize, Durations) {
  struct Case {
    const char *text;
    long seconds;
  };
  for (const auto &[text, seconds] :
       {Case{"十分钟后提醒我开会", 600}, Case{"一个半小时", 5400}, Case{"一个小时二十分钟", 4800}, Case{"九十秒", 90},
        Case{"半小时", 1800}, Case{"一刻钟", 900}, Case{"1分30秒后", 90}, Case{"ninety seconds", 90},
        Case{"an hour and a half", 5400}, Case{"two and a half hours", 9000}}) {
    EXPECT_EQ(find_duration_s(text), seconds) << text;
  }
  for (const char *text : {"十分感谢", "下午三点半", "十二点三十分", "第三天", "打开客厅的灯", "", "send this to Li"}) {
    EXPECT_FALSE(find_duration_s(text)) << text;
  }
  // What a recogniser makes of noise: longer than anything can count.
  for (const auto &text : {std::string(400, '9') + " minutes", std::string("99999999999999999999999999小时")}) {
    EXPECT_FALSE(find_duration_s(text)) << text;
  }
}

TEST(Normalize, SpokenForm) {
  for (const auto &[from, to] : {Pair{"调到26度", "调到二十六度"}, Pair{"2026年", "二零二六年"}, Pair{"3.5", "三点五"},
                                 Pair{"音量30%", "音量百分之三十"}, Pair{"2分钟", "两分钟"},
                                 Pair{"电话13800138000", "电话一三八零零一三八零零零"}, Pair{"15:05", "十五点零五"},
                                 Pair{"1,234,567元", "一百二十三万四千五百六十七元"}, Pair{"115页", "一百一十五页"},
                                 Pair{"零下-5℃", "零下负五度"}}) {
    EXPECT_EQ(spoken_form(from, Language::kChinese), to) << from;
  }
  for (const auto &[from, to] :
       {Pair{"26 degrees", "twenty six degrees"}, Pair{"30%", "thirty percent"}, Pair{"3.5", "three point five"},
        Pair{"a@b.cn", "a at b dot cn"}, Pair{"105", "one hundred and five"}}) {
    EXPECT_EQ(spoken_form(from, Language::kEnglish), to) << from;
  }
  EXPECT_FALSE(spoken_form(std::string(400, '9'), Language::kChinese).empty()); // no number type holds it
}

} // namespace
} // namespace yanxing::text
